create table products (
  sku        text primary key,
  name       text not null,
  unit_price bigint not null check (unit_price between 1 and 1000000000),
  currency   text not null check (currency ~ '^[A-Z]{3}$'),
  -- What lies in the warehouse, promised units included. The bound keeps sums far inside a 64-bit integer.
  on_hand    bigint not null default 0 check (on_hand between 0 and 1000000000000),
  -- What of it is promised to orders.
  reserved   bigint not null default 0 check (reserved between 0 and on_hand),
  -- Of name, price and currency: the newest wins wherever a copy is kept.
  version    bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
) with (fillfactor = 80);

-- Goods in.
create table receipts (
  id          uuid primary key,
  sku         text not null references products,
  quantity    bigint not null check (quantity > 0),
  received_at timestamptz not null default now()
);
create index receipts_of_product on receipts (sku);

create table reservations (
  order_id   uuid primary key,
  state      text not null check (state in ('held', 'committed', 'released', 'rejected')),
  -- [{sku, quantity}]; empty for a tombstone.
  lines      jsonb not null,
  -- Why it was rejected: {code, detail}.
  reason     jsonb,
  -- When Order is asked what has become of it, and how often it has been; the question itself.
  inquire_at timestamptz,
  inquiries  integer not null default 0,
  inquiry_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((state = 'rejected') = (reason is not null)),
  check ((state = 'held') = (inquire_at is not null))
) with (fillfactor = 80);
comment on column reservations.state is
  'held -> committed | released; rejected from the start; released without lines: a tombstone, the release came first.';
create index reservations_to_inquire on reservations (inquire_at) where inquire_at is not null;
