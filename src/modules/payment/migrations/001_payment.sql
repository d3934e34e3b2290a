create table payments (
  order_id      uuid primary key,
  id            uuid not null unique,
  -- Null for a tombstone: a void that came before its authorize.
  amount        bigint check (amount >= 0),
  currency      text check (currency ~ '^[A-Z]{3}$'),
  -- Kept only until the card processor has given a definite answer.
  payment_token text,
  state         text not null check (state in
                  ('authorizing', 'authorized', 'capturing', 'captured', 'declined', 'voiding', 'voided')),
  -- What the card processor said to the authorization; null: not known (yet).
  approved      boolean,
  decline_code  text,
  -- The command that is to be answered: its id, times and trace.
  cause         jsonb,
  -- When the card processor is to be called (again); null: nothing is to be called. Claimed: when the claim ends.
  call_at       timestamptz,
  -- Calls of the operation that is under way.
  calls         integer not null default 0,
  -- When Order is asked what has become of it, and how often it has been; the question itself.
  inquire_at    timestamptz,
  inquiries     integer not null default 0,
  inquiry_id    uuid,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  check ((state in ('authorizing', 'capturing', 'voiding')) = (call_at is not null)),
  check ((state = 'authorized') = (inquire_at is not null)),
  check (payment_token is null or approved is null),
  check (state not in ('authorized', 'capturing', 'captured') or approved)
) with (fillfactor = 80);
comment on column payments.state is
  'authorizing -> authorized -> capturing -> captured; authorizing -> declined; voiding -> voided. Without amount: a tombstone.';
create index payments_to_call on payments (call_at) where call_at is not null;
create index payments_to_inquire on payments (inquire_at) where inquire_at is not null;
