-- Starts of messages that were delivered before and not acknowledged: one of them may have ended the process. Written before such a
-- message is handled, deleted with its effect. What is left of messages that were handled elsewhere goes with the retention.
create table inbox_starts (
  id         uuid primary key,
  -- In how many runs of a program it was started.
  starts     integer not null default 1 check (starts >= 1),
  -- The last of these runs: a run that starts it again is alive, and was not ended by it.
  run        uuid not null,
  started_at timestamptz not null default now()
);
