-- Who is told of outcomes by webhook. An administrator's: a hundred at most.
create table webhook_endpoints (
  id                    uuid primary key,
  url                   text not null check (length(url) between 1 and 2000),
  description           text not null default '' check (length(description) <= 500),
  -- whsec_...: who has it can sign as we do. It leaves this table in signatures only.
  secret                text not null,
  -- The one before: until then both sign.
  previous_secret       text,
  previous_secret_until timestamptz,
  created_at            timestamptz not null default now(),
  -- Null: enabled.
  disabled_at           timestamptz,
  disabled_reason       text,
  check ((previous_secret is null) = (previous_secret_until is null)),
  check ((disabled_at is null) = (disabled_reason is null))
);

-- One notice on its way to one target; made in the transaction that marks the notice told. Kept for 30 days after its end.
create table deliveries (
  -- The webhook-id, and in a mail's Message-ID: the same at every attempt.
  id         uuid primary key,
  order_id   uuid not null,
  -- An endpoint, which may be gone by now; all zeros: the customer's mailbox.
  target     uuid not null,
  state      text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts   integer not null default 0,
  -- Attempts before it was last replayed: the waits begin anew.
  spent      integer not null default 0,
  -- The next attempt; for one in hand, when its lease ends. Null: at its end.
  due_at     timestamptz default now(),
  -- Made, or replayed.
  begun_at   timestamptz not null default now(),
  ended_at   timestamptz,
  -- Why the last attempt failed: a status or a code, never what somebody answered.
  error      text,
  unique (order_id, target),
  check ((state = 'pending') = (due_at is not null)),
  check ((state = 'pending') = (ended_at is null))
);
comment on column deliveries.state is
  'pending -> delivered | failed; a replay makes it pending again.';
create index deliveries_due on deliveries (target, due_at) where due_at is not null;
create index deliveries_ended on deliveries (ended_at) where ended_at is not null;
create index deliveries_of_target on deliveries (target, id desc);
create index deliveries_by_state on deliveries (state, id desc);

-- The last attempts of a delivery. One without an outcome is in hand, or was lost in a crash.
create table delivery_attempts (
  delivery_id uuid not null references deliveries on delete cascade,
  number      integer not null,
  at          timestamptz not null default now(),
  outcome     text check (outcome in ('delivered', 'failed')),
  error       text,
  seconds     float8,
  primary key (delivery_id, number)
);
