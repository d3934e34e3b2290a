/** The outbox, the inbox, the failures, in memory. */
import { timeOfId } from '../../../src/outbox/retention.ts';
import { type ClaimedRow, leaseSeconds, type MessageStore } from '../../../src/outbox/store.ts';
import { inSeconds, type Memory, moment, overdue, type Table } from './database.ts';

interface OutboxRow extends ClaimedRow {
  readonly subject: string;
  readonly leasedUntil: number;
  readonly lastError: string | null;
}

interface FailureRow {
  readonly id: string;
  readonly type: string | null;
  readonly subject: string | null;
  readonly json: string;
  readonly error: string;
  readonly attempts: number;
  readonly seen: number;
  /** Null: dead. */
  readonly nextAttemptAt: number | null;
  readonly parkedAt: number;
}

interface StartRow {
  readonly starts: number;
  readonly run: string;
}

export interface MessageMemory {
  readonly outbox: Table<OutboxRow>;
  readonly inbox: Table<{ readonly id: string }>;
  readonly failures: Table<FailureRow>;
  readonly store: MessageStore;
}

export function createMessageMemory(memory: Memory): MessageMemory {
  const outbox = memory.table<OutboxRow>('outbox', { 'attempts >= 0': ({ attempts }) => attempts >= 0 });
  const inbox = memory.table<{ id: string }>('inbox', {
    // As the partitions: nothing else has a place.
    'id is a UUIDv7': ({ id }) => timeOfId(id) !== undefined,
  });
  const failures = memory.table<FailureRow>('inbox_failures', {
    'attempts >= 0': ({ attempts }) => attempts >= 0,
    'seen >= 1': ({ seen }) => seen >= 1,
    'message is json': ({ json }) => JSON.parse(json) !== undefined,
  });
  const starts = memory.table<StartRow>('inbox_starts', { 'starts >= 1': (row) => row.starts >= 1 });

  function rememberAll(ids: readonly string[]): readonly string[] {
    const fresh = [...new Set(ids)].filter((id) => !inbox.has(id));
    for (const id of fresh) inbox.insert(id, { id });
    return fresh;
  }

  const isDue = ({ nextAttemptAt }: FailureRow) => nextAttemptAt !== null && nextAttemptAt <= moment();
  const present = <Row>(table: Table<Row>, ids: readonly string[]) => ids.filter((id) => table.has(id));

  const store: MessageStore = {
    insertMessages: (sql, rows) =>
      memory.prepare(sql, () => {
        for (const { message, json } of rows) {
          const { id, type, subject } = message;
          const leasedUntil = inSeconds(leaseSeconds);
          outbox.insert(id, { id, type, subject, json, attempts: 0, leasedUntil, lastError: null });
        }
      }),

    claimMessages: (sql, limit) =>
      memory.run(sql, () => {
        const rows = overdue(outbox.values(), ({ leasedUntil }) => leasedUntil, limit);
        for (const row of rows) outbox.update(row.id, { ...row, leasedUntil: inSeconds(leaseSeconds) });
        return rows.map(({ id, type, json, attempts }) => ({ id, type, json, attempts }));
      }),

    deleteMessages: (sql, ids) => [
      memory.prepare(sql, () => {
        for (const id of ids) outbox.delete(id);
      }),
    ],

    countRefusal: (sql, refusal) =>
      memory.run(sql, () => {
        for (const id of refusal.ids) {
          const row = outbox.get(id);
          if (!row) continue;
          const leasedUntil = inSeconds(refusal.inSeconds);
          outbox.update(id, { ...row, attempts: row.attempts + 1, lastError: refusal.error, leasedUntil });
        }
      }),

    unsent: (sql, ids) => memory.run(sql, () => new Set(present(outbox, ids))),
    rememberFresh: (sql, ids) => memory.run(sql, () => rememberAll(ids.filter((id) => !failures.has(id)))),
    remember: (sql, ids) => memory.run(sql, () => rememberAll(ids)),
    parkedAmong: (sql, ids) => memory.run(sql, () => new Set(present(failures, ids))),
    startedAmong: (sql, ids) => memory.run(sql, () => new Set(present(starts, ids))),

    countStarts: (sql, ids, run) =>
      memory.run(sql, () => {
        const counts = ids.map((id) => {
          const row = starts.get(id);
          const count = row ? row.starts + (row.run === run ? 0 : 1) : 1;
          if (row) starts.update(id, { starts: count, run });
          else starts.insert(id, { starts: count, run });
          return count;
        });
        return Math.max(0, ...counts);
      }),

    forgetStarts: (sql, ids) =>
      memory.run(sql, () => {
        for (const id of ids) starts.delete(id);
      }),

    countFailures: (sql, limit) => memory.run(sql, () => Math.min(failures.count(), limit)),

    park: (sql, { waitSeconds, ...failure }, isFull) =>
      memory.run(sql, () => {
        const { id } = failure;
        const known = failures.get(id);
        if (known) failures.update(id, { ...known, seen: known.seen + 1 });
        else if (isFull) return false;
        else {
          const nextAttemptAt = inSeconds(waitSeconds);
          failures.insert(id, { ...failure, attempts: 1, seen: 1, nextAttemptAt, parkedAt: moment() });
        }
        return true;
      }),

    dueFailures: (sql, limit) =>
      memory.run(sql, () =>
        overdue(failures.values(), ({ nextAttemptAt }) => nextAttemptAt, limit).map(({ id }) => id),
      ),

    lockDueFailure: (sql, id) =>
      memory.run(sql, () => {
        const row = failures.get(id);
        if (!row || !isDue(row)) return undefined;
        const { json, type, subject, attempts, parkedAt } = row;
        return { json, type, subject, attempts, parkedAt: new Date(parkedAt) };
      }),

    lockFailure: (sql, id) => memory.run(sql, () => failures.has(id)),

    updateFailure: (sql, { id, attempts, waitSeconds, error }) =>
      memory.run(sql, () => {
        const row = failures.get(id);
        if (!row) return;
        const nextAttemptAt = inSeconds(waitSeconds);
        failures.update(id, { ...row, attempts, error: error ?? row.error, nextAttemptAt });
      }),

    deleteFailures: (sql, ids) => memory.run(sql, () => ids.filter((id) => failures.delete(id))),

    redrive: (sql, ids) =>
      memory.run(sql, () => {
        const parked = present(failures, ids);
        for (const id of parked) {
          const row = failures.get(id);
          if (row) failures.update(id, { ...row, attempts: 0, nextAttemptAt: moment() });
        }
        return parked.length;
      }),
  };

  return { outbox, inbox, failures, store };
}
