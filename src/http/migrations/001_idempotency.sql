-- Requests that came with an Idempotency-Key, and how they were answered. Written in the transaction of what they did: where there is an
-- answer, it was done, and where there is none, it was not. Forgotten after a day.
create table idempotency_keys (
  -- Who asked, and what: caller, method, route.
  scope       text not null,
  key         text not null,
  -- SHA-256 of the path and the body, whatever the order of its properties: a key belongs to one request.
  fingerprint text not null,
  -- Null only inside the transaction that is at work on it.
  status      integer,
  location    text,
  body        text,
  created_at  timestamptz not null default now(),
  primary key (scope, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
