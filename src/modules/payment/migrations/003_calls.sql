-- A call that is asked again and again is seen: since when, how often (`calls`), and why its last answer was none.
alter table payments
  -- Since when the operation under way is to be called; null: nothing is to be called.
  add column call_since timestamptz,
  -- Why its last call has no definite answer; null: it was not called yet, or it is under way for the first time.
  add column call_error text check (length(call_error) <= 1000);
update payments set call_since = updated_at where call_at is not null;
alter table payments add check ((call_at is null) = (call_since is null));
