/** Parked messages: what could not be handled waits here for its next attempt, or, dead, for a person. */
import { createHash } from 'node:crypto';
import { DeadMessage, describe, isEnvironmental } from './faults.ts';
import { admit, type Handle, type Handles } from './inbox.ts';
import type { Worker } from './loop.ts';
import { decode } from './message.ts';
import type { Observer } from './observe.ts';
import type { UnitOfWork } from './outbox.ts';
import { placeOfId } from './retention.ts';
import { nextRetry, type RetryPolicy } from './retry.ts';
import {
  leaseSeconds,
  type MessageStore,
  messageStore,
  type ParkedMessage,
  type WaitSeconds,
} from './store.ts';
import type { Database, Sql } from './transaction.ts';

/**
 * What is dead at once is kept up to so many failures: a producer gone mad, at up to 256 KiB a message, must not fill the disk. Of what comes after
 * them only the number is kept. A message that could be handled is always kept: of those there are as many as business sends.
 */
const maxDead = 100_000;
/** Counting them reads them all, so far from the limit they are counted once for so many: by which each replica may go beyond it. */
const maxUncounted = 1_000;
/** Put aside in one transaction. A packet may hold a million entries that are nothing. */
const maxParkedAtOnce = 500;
/** Failures tried in one run of the worker. */
const maxRetriedAtOnce = 100;
/** What a packet of ours may hold, in characters: every message of ours is kept whole, and can be tried again. */
const maxContentLength = 256 * 1_024;

/** `content`: the message, or what came in its place. */
export interface Failure {
  readonly content: unknown;
  readonly error: unknown;
}

export interface Failures {
  /** Puts messages aside, many in one transaction. */
  park(failures: readonly Failure[]): Promise<void>;
  /** Gives parked and dead messages all their attempts again, the next one now. Returns how many there were. `sql`: in whose transaction. */
  redrive(ids: readonly string[], sql?: Sql): Promise<number>;
  /** Forgets failures for good: their messages count as handled. Returns how many there were. `sql`: in whose transaction. */
  discard(ids: readonly string[], sql?: Sql): Promise<number>;
  /** Tries again what is due. */
  retries(handling: { readonly handles: Handles; readonly handle: Handle }): Worker;
}

export function createFailures(options: {
  readonly database: Database;
  readonly unit: UnitOfWork;
  readonly policy: RetryPolicy;
  readonly observer?: Observer;
  readonly store?: MessageStore;
}): Failures {
  const { database, unit, policy, observer = {}, store = messageStore } = options;

  /** Null: dead. */
  function waitAfter(error: unknown, attempts: number): WaitSeconds {
    const retry = error instanceof DeadMessage ? 'dead' : nextRetry(policy, attempts, Math.random());
    return retry === 'dead' ? null : retry.inSeconds;
  }

  /** How many more may be kept before they are counted again. */
  let uncounted = 0;

  /** How many of so many dead ones may be kept. */
  async function roomFor(sql: Sql, dead: number): Promise<number> {
    if (uncounted < dead) {
      const room = maxDead - (await store.countFailures(sql, maxDead));
      uncounted = room < maxUncounted ? 0 : maxUncounted;
      if (uncounted === 0) return room;
    }
    uncounted -= dead;
    return dead;
  }

  /** Which of these dead ones are not to be kept; those that are there already need no room. */
  async function withoutRoom(sql: Sql, dead: readonly string[]): Promise<ReadonlySet<string>> {
    const room = await roomFor(sql, dead.length);
    if (room >= dead.length) return new Set();
    const known = await store.parkedAmong(sql, dead);
    const fresh = new Set(dead.filter((id) => !known.has(id)));
    return new Set([...fresh].slice(room));
  }

  async function parkTogether(failures: readonly Failure[]): Promise<void> {
    const rows = failures.map(({ content, error }) => ({
      ...rowOf(content, error),
      error: describe(error),
      waitSeconds: waitAfter(error, 1),
    }));
    await database.transaction(async (sql) => {
      const excess = await withoutRoom(
        sql,
        rows.filter(({ waitSeconds }) => waitSeconds === null).map(({ id }) => id),
      );
      // Sent together, they travel in one round trip.
      const kept = await Promise.all(rows.map((row) => store.park(sql, row, excess.has(row.id))));
      const unkept = kept.filter((isKept) => !isKept);
      await Promise.all(unkept.map(() => store.park(sql, overflow, false)));
    });
    for (const row of rows) tell(row.id, { ...row, attempts: 1 }, row.error, row.waitSeconds);
  }

  /** Tries a parked message again, unless somebody else has it or it is not due any more. */
  async function retry(id: string, handling: { handles: Handles; handle: Handle }): Promise<void> {
    const started = await database.transaction((sql) => begin(sql, id));
    if (!started) return;
    const { attempts } = started;
    try {
      await handleParked(id, started, handling);
    } catch (thrown) {
      if (isEnvironmental(thrown)) {
        // Nobody's attempt. If that cannot be written either, one of several is lost.
        const again = { id, attempts: attempts - 1, waitSeconds: 0 };
        await database.query((sql) => store.updateFailure(sql, again)).catch(() => {});
        throw thrown;
      }
      const error = describe(thrown);
      const waitSeconds = waitAfter(thrown, attempts);
      await database.query((sql) => store.updateFailure(sql, { id, attempts, error, waitSeconds }));
      tell(id, started, error, waitSeconds);
    }
  }

  /** Counts an attempt before it is made: if it ends the process, it has been counted, and the next one waits its time. */
  async function begin(sql: Sql, id: string): Promise<ParkedMessage | undefined> {
    const parked = await store.lockDueFailure(sql, id);
    if (!parked) return undefined;
    if (parked.attempts >= policy.maxAttempts) {
      const error = 'its last attempt did not come to an end';
      await store.updateFailure(sql, { id, attempts: parked.attempts, error, waitSeconds: null });
      tell(id, parked, error, null);
      return undefined;
    }
    const attempts = parked.attempts + 1;
    const waitSeconds = waitAfter(undefined, attempts) ?? leaseSeconds;
    await store.updateFailure(sql, { id, attempts, waitSeconds });
    return { ...parked, attempts };
  }

  /** Handles the message and forgets the failure, in one transaction. Nothing if it was discarded meanwhile. */
  async function handleParked(
    id: string,
    parked: ParkedMessage,
    { handles, handle }: { handles: Handles; handle: Handle },
  ): Promise<void> {
    await unit.run(async (open) => {
      const { sql } = open;
      if (!(await store.lockFailure(sql, id))) return;
      const [entry] = decode(Buffer.from(parked.json), parked.parkedAt);
      const { message, fault } = admit(
        entry ?? { content: null, fault: 'nothing was kept' },
        handles,
        new Date(),
      );
      if (!message) throw new DeadMessage(fault);
      // An id too old to be remembered counts as new.
      const ids = remembered([message.id]);
      const isFresh = ids.length === 0 || (await store.remember(sql, ids)).length > 0;
      if (isFresh) await handle(open, [message]);
      await store.deleteFailures(sql, [id]);
    });
  }

  function tell(
    id: string,
    { type, subject, attempts }: Pick<ParkedMessage, 'type' | 'subject' | 'attempts'>,
    error: string,
    waitSeconds: WaitSeconds,
  ): void {
    observer.parked?.({ id, type, subject, attempts, error, dead: waitSeconds === null });
  }

  const inTransaction = (open: Sql | undefined, work: (sql: Sql) => Promise<number>) =>
    open ? work(open) : database.transaction(work);

  return {
    async park(failures) {
      for (let from = 0; from < failures.length; from += maxParkedAtOnce)
        await parkTogether(failures.slice(from, from + maxParkedAtOnce));
    },

    redrive: (ids, open) => inTransaction(open, (sql) => store.redrive(sql, ids)),

    discard: (ids, open) =>
      inTransaction(open, async (sql) => {
        const discarded = await store.deleteFailures(sql, ids);
        await store.remember(sql, remembered(discarded));
        return discarded.length;
      }),

    retries: (handling) => ({
      name: 'failure retries',
      everyMs: 1_000,
      async runOnce() {
        const due = await database.query((sql) => store.dueFailures(sql, maxRetriedAtOnce));
        for (const id of due) await retry(id, handling);
        return { more: due.length === maxRetriedAtOnce };
      },
    }),
  };
}

/** Stands for all that were not kept; `seen` counts them. */
const overflow = {
  id: idOfText('overflow'),
  type: null,
  subject: null,
  json: 'null',
  error: `there are ${maxDead} failures already: what came after them was not kept`,
  waitSeconds: null,
};

/** Of these ids those that the inbox remembers. */
const remembered = (ids: readonly string[]) => ids.filter((id) => placeOfId(id, new Date()) === 'inbox');

/** What is kept of a message, or of what came in its place: that has an id of its own content, so that it is kept once. */
function rowOf(content: unknown, error: unknown) {
  const json = JSON.stringify(content);
  const { id, type, subject } = Object(content) as Record<string, unknown>;
  const onceFor = error instanceof DeadMessage ? error.onceFor : undefined;
  const isMessage =
    typeof id === 'string' && typeof content === 'object' && placeOfId(id, new Date()) !== 'impossible';
  return {
    id: isMessage && onceFor === undefined ? id : idOfText(onceFor ?? json),
    type: shortText(type),
    subject: shortText(subject),
    json: json.length <= maxContentLength ? json : JSON.stringify(json.slice(0, maxContentLength)),
  };
}

const shortText = (value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\u0000', '').slice(0, 500) : null;

/** A UUIDv8 (RFC 9562, section 5.8) that is the same for the same text. */
function idOfText(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
