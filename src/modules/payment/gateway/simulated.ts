/** A card processor that behaves as the test token says, and keeps books of its own that an audit can compare. */
import { type Database, gather, type Sql } from '../../../outbox/index.ts';
import type { Gateway } from './gateway.ts';

/** How `tok_unavailable` begins. */
const unavailableTimes = 3;

interface Entry {
  readonly key: string;
  readonly operation: 'authorize' | 'capture' | 'void';
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly declineCode: string | null;
  readonly failures: number;
}

/** What the books say after a call: how often it was made, and whether it has done what it was asked. */
interface Written {
  readonly asks: number;
  readonly done: boolean;
}

/**
 * Test tokens: `tok_visa`, `tok_declined`, `tok_insufficient_funds`, `tok_timeout` (the first call hangs, the money is authorized
 * all the same), `tok_unavailable` (fails three times, then works); any other token declines. Every call is in the books
 * before it is answered, on a connection outside every transaction of Payment; calls that come together share a write.
 */
export function createSimulatedGateway(database: Database): Gateway {
  const write = gather((entries: readonly Entry[]) => writeEntries(database, entries));

  async function enter(entry: Entry): Promise<Written> {
    const written = await write(entry);
    if (!written.done) throw new Error('the card processor is unavailable');
    return written;
  }

  return {
    async authorize({ paymentToken, ...call }, signal) {
      const declineCode = declineCodeOf(paymentToken);
      const failures = paymentToken === 'tok_unavailable' ? unavailableTimes : 0;
      const { asks } = await enter({ ...call, operation: 'authorize', declineCode, failures });
      if (paymentToken === 'tok_timeout' && asks === 1) await silence(signal);
      return declineCode === null ? { approved: true } : { approved: false, declineCode };
    },
    async capture(call) {
      await enter({ ...call, operation: 'capture', declineCode: null, failures: 0 });
    },
    async void(call) {
      await enter({ ...call, operation: 'void', declineCode: null, failures: 0 });
    },
  };
}

function declineCodeOf(paymentToken: string): string | null {
  switch (paymentToken) {
    case 'tok_visa':
    case 'tok_timeout':
    case 'tok_unavailable':
      return null;
    case 'tok_declined':
      return 'card_declined';
    case 'tok_insufficient_funds':
      return 'insufficient_funds';
    default:
      return 'unknown_token';
  }
}

/** No answer, until the caller gives up. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => reject(new Error('the card processor did not answer'));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}

/**
 * Enters calls into the books: the first with a key moves money, the others are counted. A capture needs an authorization that
 * was not voided, a void one that was not captured; anything else is refused.
 */
function writeEntries(database: Database, entries: readonly Entry[]): Promise<readonly Written[]> {
  return database.transaction(async (sql) => {
    const earlier = await entriesBefore(sql, entries);
    const allowed = new Map(
      entries.filter((entry) => isAllowed(entry, earlier)).map((entry) => [entry.key, entry]),
    );
    const rows = await sql<({ key: string } & Written)[]>`
      insert into simulated_gateway_ledger (key, operation, order_id, amount, currency, decline_code, failures)
      select key, operation, "orderId", amount, currency, "declineCode", failures
      from json_to_recordset(${JSON.stringify([...allowed.values()])}::text::json) as called (
        key text, operation text, "orderId" uuid, amount bigint, currency text, "declineCode" text, failures integer)
      order by key
      on conflict (key) do update set asks = simulated_gateway_ledger.asks + 1
      returning key, asks, done`;
    const books = new Map(rows.map((row) => [row.key, row]));
    return entries.map(({ key }) => books.get(key) ?? { asks: 0, done: false });
  });
}

/** Of what came before a capture or a void: what moved money. */
async function entriesBefore(sql: Sql, entries: readonly Entry[]): Promise<ReadonlySet<string>> {
  const orders = entries.filter(({ operation }) => operation !== 'authorize').map(({ orderId }) => orderId);
  if (orders.length === 0) return new Set();
  const keys = orders.flatMap((order) => [`authorize:${order}`, `capture:${order}`, `void:${order}`]);
  const rows = await sql<{ key: string }[]>`
    select key from simulated_gateway_ledger where key = any(${keys}::text[]) and done and decline_code is null`;
  return new Set(rows.map(({ key }) => key));
}

function isAllowed({ operation, orderId }: Entry, earlier: ReadonlySet<string>): boolean {
  if (operation === 'authorize') return true;
  const opposite = operation === 'capture' ? 'void' : 'capture';
  return earlier.has(`authorize:${orderId}`) && !earlier.has(`${opposite}:${orderId}`);
}
