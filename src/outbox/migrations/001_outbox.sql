-- Messages that wait to be sent. Written in the transaction that changes the state, deleted when the broker has confirmed.
-- Bounded by what business writes while the broker is away; a row is about 1 KiB.
create table outbox (
  id           uuid primary key,
  type         text not null,
  subject      text not null,
  -- json, not jsonb: it is sent as it was written.
  message      json not null,
  created_at   timestamptz not null default now(),
  -- Until then somebody is sending it; after that the relay takes it.
  leased_until timestamptz not null,
  -- How often the broker has refused it. A broker that is away refuses nothing.
  attempts     integer not null default 0 check (attempts >= 0),
  last_error   text
) with (
  -- Rows live for milliseconds: without this, dead ones are vacuumed only when they outnumber a long-gone peak.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000
);
create index outbox_due on outbox (leased_until);

-- Ids of messages whose effect is in this database. One partition a day, by the time inside the UUIDv7: made ahead and dropped
-- behind by the retention, so that clean-up costs nothing.
create table inbox (
  id          uuid primary key,
  handled_at  timestamptz not null default now()
) partition by range (id);

-- Messages that could not be handled. Every row is either tried again at a time or waits for a person.
create table inbox_failures (
  id              uuid primary key,
  type            text,
  subject         text,
  -- What came: a message, or whatever came in its place.
  message         json not null,
  error           text not null,
  attempts        integer not null default 1 check (attempts >= 0),
  -- How often it came in; more than once when the same fault is told again and again.
  seen            integer not null default 1 check (seen >= 1),
  -- Null: dead, a person decides (redrive or discard).
  next_attempt_at timestamptz,
  parked_at       timestamptz not null default now(),
  failed_at       timestamptz not null default now()
);
create index inbox_failures_due on inbox_failures (next_attempt_at) where next_attempt_at is not null;
