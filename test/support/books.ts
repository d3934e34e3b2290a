/** What three modules have on their books, by order, and when there is nothing under way between them. */
import { setTimeout as pause } from 'node:timers/promises';
import { queueOf } from './queue.ts';
import type { Name, Shop } from './shop.ts';
import { until } from './until.ts';

const modules = ['order', 'stock', 'payment'] as const;
/** Several times what a batch takes. */
const inHandMs = 500;

export type Books = ReturnType<typeof openBooks>;

export function openBooks(shop: Shop, amqpUrl: string) {
  /** Of every reservation or payment. */
  async function states(module: 'stock' | 'payment'): Promise<ReadonlyMap<string, string>> {
    const table = module === 'stock' ? 'reservations' : 'payments';
    const rows = await shop.look<{ id: string; state: string }>(
      module,
      (sql) => sql`select order_id as id, state from ${sql(table)}`,
    );
    return new Map(rows.map(({ id, state }) => [id, state]));
  }

  async function orders(): Promise<ReadonlyMap<string, { readonly step: string; readonly status: string }>> {
    const rows = await shop.look<{ id: string; step: string; status: string }>(
      'order',
      (sql) => sql`select id, step, status from orders`,
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  async function isQuiet(): Promise<boolean> {
    const sagas = [...(await orders()).values()].filter(({ step }) => step !== 'done');
    const payments = [...(await states('payment')).values()].filter((state) => state.endsWith('ing'));
    const unsent = await Promise.all(
      modules.map((name) => shop.look(name, (sql) => sql`select 1 from outbox`)),
    );
    const queues = await Promise.all(modules.map((name) => queueOf(amqpUrl, name)));
    return (
      sagas.length + payments.length + unsent.flat().length === 0 &&
      queues.every(({ messageCount }) => messageCount === 0)
    );
  }

  return {
    states,
    orders,

    async stepsOf(ids: readonly string[]): Promise<readonly (string | undefined)[]> {
      const all = await orders();
      return ids.map((id) => all.get(id)?.step);
    },

    /** Those of these orders that Order does not know. */
    async missing(ids: Iterable<string>): Promise<readonly string[]> {
      const known = await orders();
      return [...ids].filter((id) => !known.has(id));
    },

    /** What waits for a person. */
    dead: (module: Name) =>
      shop.look<{ subject: string; error: string }>(
        module,
        (sql) => sql`select subject, error from inbox_failures where next_attempt_at is null`,
      ),

    /** What the audit says without any grace: which invariant is broken, and of whom. */
    async findings(): Promise<Readonly<Record<string, readonly string[]>>> {
      const { findings } = await shop.audit(0, 1_000);
      return Object.fromEntries(
        findings.map(({ invariant, examples }) => [invariant, examples.map(({ subject }) => subject).sort()]),
      );
    },

    /** Resolves when no order, message or call is under way. */
    quiet: () =>
      until(
        'all is quiet',
        async () => {
          if (!(await isQuiet())) return false;
          // What a consumer has in hand is in no count of its queue: a moment later it is done, and seen.
          await pause(inHandMs);
          return isQuiet();
        },
        60_000,
      ),

    /** Resolves when nobody holds anything any more. */
    nothingHeld: () =>
      until('nothing is held', async () => {
        const held = [...(await states('stock')).values(), ...(await states('payment')).values()];
        return !held.some((state) => state === 'held' || state === 'authorized');
      }),

    clean: () => until('the audit is clean', async () => (await shop.audit(0)).clean, 20_000),
  };
}
