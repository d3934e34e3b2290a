-- The simulated card processor's own books. Nothing of Payment reads them: they stand for another company's database.
create table simulated_gateway_ledger (
  -- operation:order, the idempotency key: asked again it answers the same again.
  key          text primary key,
  operation    text not null check (operation in ('authorize', 'capture', 'void')),
  order_id     uuid not null,
  amount       bigint,
  currency     text,
  decline_code text,
  -- How often it was asked, and how often it pretends to be unavailable before it does what it is asked.
  asks         integer not null default 1,
  failures     integer not null default 0,
  -- Money has moved (or was declined) only then.
  done         boolean not null generated always as (asks > failures) stored,
  at           timestamptz not null default now()
);
create index simulated_gateway_ledger_of_order on simulated_gateway_ledger (order_id);
