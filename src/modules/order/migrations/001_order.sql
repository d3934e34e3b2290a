-- Order's own copy of what it needs in order to price; Stock is the owner, the newest version wins.
create table products (
  sku        text primary key,
  name       text not null,
  unit_price bigint not null check (unit_price > 0),
  currency   text not null check (currency ~ '^[A-Z]{3}$'),
  version    bigint not null
);

-- When Stock was last asked for its whole list, and when that last arrived. One row: once per database, not per replica.
create table catalogue (
  one         boolean primary key default true check (one),
  asked_at    timestamptz,
  -- The question: while it is in the outbox it is not asked again.
  question_id uuid,
  listed_at   timestamptz
);
insert into catalogue default values;

create table orders (
  id             uuid primary key,
  customer_id    text not null,
  email          text,
  step           text not null check (step in
                   ('reserving_stock', 'authorizing_payment', 'voiding_payment', 'releasing_stock', 'done')),
  status         text not null check (status in ('pending', 'confirmed', 'rejected', 'cancelled')),
  reason         jsonb,
  lines          jsonb not null,
  total          bigint not null check (total >= 0),
  currency       text not null,
  payment_token  text,
  step_attempts  integer not null,
  -- The step's latest command: while it is in the outbox the deadline does not count.
  command_id     uuid,
  deadline_at    timestamptz,
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now(),
  check ((step = 'done') = (deadline_at is null)),
  check (status <> 'pending' or step in ('reserving_stock', 'authorizing_payment')),
  check (status <> 'confirmed' or step = 'done'),
  check ((status in ('rejected', 'cancelled')) = (reason is not null)),
  check (payment_token is null or step in ('reserving_stock', 'authorizing_payment'))
) with (fillfactor = 80);
comment on column orders.step is
  'Where the saga stands: reserving_stock -> authorizing_payment -> done; undone by voiding_payment -> releasing_stock -> done.';
comment on column orders.status is
  'What the customer is told: pending -> confirmed | rejected | cancelled. Once it is told it never changes.';
-- Ids are UUIDv7: their order is that of placing.
create index orders_of_customer on orders (customer_id, id desc);
create index orders_by_status on orders (status, id desc);
create index orders_due on orders (deadline_at) where deadline_at is not null;

-- Every step of every order, with the messages that caused it and that it sent; the first 200 of an order. Written in the
-- transaction of the step; no foreign key: orders are never deleted one by one, and each check would cost what the row does.
create table order_history (
  order_id uuid not null,
  seq      integer not null check (seq between 1 and 200),
  at       timestamptz not null default now(),
  -- What happened: place, a reply, cancel, deadline, gave_up.
  event    text not null,
  -- False: it came late or twice, and nothing followed.
  heeded   boolean not null,
  step     text not null,
  status   text not null,
  -- The message that caused it, with its times; null for what people and time start.
  cause    jsonb,
  -- [{id, type}] of what was sent.
  sent     jsonb not null,
  primary key (order_id, seq)
);

-- What a customer is to be told: one row with every outcome, in the transaction that decides it.
create table notices (
  order_id        uuid primary key,
  status          text not null check (status in ('confirmed', 'rejected', 'cancelled')),
  attempts        integer not null default 0,
  -- Null: told.
  next_attempt_at timestamptz default now(),
  created_at      timestamptz not null default now(),
  told_at         timestamptz,
  check ((next_attempt_at is null) = (told_at is not null))
);
create index notices_due on notices (next_attempt_at) where next_attempt_at is not null;
