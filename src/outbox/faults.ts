/** Whose fault is it? Decides whether a batch is tried again as it is, or taken apart to find the guilty message. */

/**
 * SQLSTATE classes in which the environment speaks, not the message: 08 connection, 25 transaction state, 26 prepared statement
 * that is not there (a pooler between), 40 rollback (deadlock, serialization), 53 resources, 55 object not in the needed state (lock timeout), 57 operator intervention (shutdown,
 * cancelled), 58 system, XX internal. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const environmentalClasses = new Set(['08', '25', '26', '40', '53', '55', '57', '58', 'XX']);

/** Codes of sockets and of the driver: the database was not reached, or was lost. */
const environmentalCode = /^(E[A-Z]{3,}|CONNECT_TIMEOUT|CONNECTION_(CLOSED|ENDED|DESTROYED)|UND_ERR_.+)$/;

/** What `transaction.ts` throws. After an unknown outcome too the same may come again: what it has written remembers it. */
const ofTheDatabase = new Set(['DatabaseBusy', 'DatabaseTimeout', 'OutcomeUnknown']);

/** True if trying the same again later can help: a socket, a dying backend, a full disk, a deadlock. */
export function isEnvironmental(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (ofTheDatabase.has(error.name)) return true;
  const code = 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return false;
  return /^[0-9A-Z]{5}$/.test(code) && error.name === 'PostgresError'
    ? environmentalClasses.has(code.slice(0, 2))
    : environmentalCode.test(code);
}

/**
 * True if a row was there that had not been there when it was looked for: another transaction has written it meanwhile, and the same
 * again finds it. PostgreSQL's own advice for what two transactions insert at once
 * (https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html); once, for a message may be to blame as well.
 */
export const isOvertaken = (error: unknown): boolean =>
  error instanceof Error && error.name === 'PostgresError' && 'code' in error && error.code === '23505';

/**
 * Thrown by a handler for a message that no retry can help: it is put aside at once and waits for a person.
 * Messages with the same `onceFor` are one failure, counted, however often they come.
 */
export class DeadMessage extends Error {
  override readonly name = 'DeadMessage';
  readonly onceFor: string | undefined;

  constructor(message: string, options: { readonly onceFor?: string } = {}) {
    super(message);
    this.onceFor = options.onceFor;
  }
}

/** Thrown by a handler that can tell which messages of a batch are dead, and why each is: the others can be handled without them. */
export class DeadMessages extends Error {
  override readonly name = 'DeadMessages';
  /** By the message's id. */
  readonly dead: ReadonlyMap<string, DeadMessage>;

  constructor(dead: ReadonlyMap<string, DeadMessage>) {
    super(`${dead.size} messages are dead`);
    this.dead = dead;
  }
}

/** An error in one line for a table: no stack, no parameters, no NUL (PostgreSQL's text has none), bounded. */
export function describe(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.replaceAll('\u0000', '').slice(0, 1_000);
}
