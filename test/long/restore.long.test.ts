/**
 * A database loses what it has committed: it is put back to a restore point while customers order. What the modules repair by
 * themselves, what only a person can, and that the audit names exactly that. Everything is done as `docs/operations.md` says.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type Books, openBooks } from '../support/books.ts';
import { openNode } from '../support/node.ts';
import { modules, openRecoverableShop, type RecoverableShop } from '../support/recovery.ts';
import { cart, type Name, type Order } from '../support/shop.ts';
import { until } from '../support/until.ts';

const node = await openNode();
afterAll(() => node.close());

/** Short, so that a restore is long for the saga; nobody gives up while a module is away. */
const env = { STEP_TIMEOUT_SECONDS: '1', INQUIRY_AFTER_SECONDS: '1', GATEWAY_TIMEOUT_SECONDS: '1' };
const account = { by: 'the restore test', reason: 'a database was restored' };
const at = (what: ReadonlyMap<string, string>, ids: readonly string[]) => ids.map((id) => what.get(id));
/** Orders of each kind that are made on purpose, beside those that customers make by chance. */
const some = 5;

describe.skipIf(node.control === undefined)(
  'a database is put back to an earlier moment',
  { timeout: 120_000 },
  () => {
    let shop: RecoverableShop;
    let books: Books;
    const open = async (more: Readonly<Record<string, string>> = {}) => {
      shop = await openRecoverableShop(node.url ?? '', { ...env, ...more });
      books = openBooks(shop, node.url ?? '');
    };
    afterEach(async () => {
      await shop?.stop();
      await node.control?.reset();
    });

    const accepted = async (count: number) => {
      const enough = shop.load.accepted.size + count;
      await until(`${count} more orders are accepted`, () => shop.load.accepted.size >= enough);
    };
    const place = (count = some) =>
      Promise.all(Array.from({ length: count }, async () => (await shop.place(cart('CAP-01'))).id));
    const redrive = async (module: Name) =>
      (await shop.ask(module, `/admin/${module}/failures/redrive`, { ...account, all: true })).json();

    test('all three to one mark, made under load: the audit is clean, as if it had been then', async () => {
      await open();
      await accepted(60);
      const before = [...shop.load.accepted];
      await shop.mark(modules);
      await accepted(60);
      await Promise.all(modules.map((name) => shop.end(name)));
      await shop.load.stop();
      await Promise.all(modules.map((name) => shop.restore(name)));
      // What is in the queues is of a time that has not been.
      await node.control?.reset();
      await Promise.all(modules.map((name) => shop.start(name)));
      await books.quiet();
      await books.nothingHeld();
      await books.clean();
      expect(await books.missing(before)).toEqual([]);
      const lost = new Set(await books.missing(shop.load.accepted));
      expect(lost.size).toBeGreaterThan(some);
      // Money that moved after the mark is known to nobody but the card processor.
      const known = await books.states('payment');
      const strangers = [...(await shop.ledger()).keys()].filter((id) => !known.has(id));
      expect(strangers.length).toBeGreaterThan(0);
      expect(strangers.filter((id) => !lost.has(id))).toEqual([]);
      const [next] = await place(1);
      expect(await shop.ended(next ?? '')).toMatchObject({ status: 'confirmed' });
    });

    test('Stock', async () => {
      await open();
      await accepted(20);
      // Held when the mark is made, taken after it.
      const letPaymentGo = await shop.holdUp('payment');
      const held = await place();
      await until('they are held', async () =>
        at(await books.states('stock'), held).every((state) => state === 'held'),
      );
      await shop.mark(['stock']);
      await letPaymentGo();
      await accepted(40);
      await until('they are taken', async () =>
        at(await books.states('stock'), held).every((state) => state === 'committed'),
      );
      const received = 7_000;
      const receipt = await shop.ask('stock', '/products/BAG-01/receipts', { quantity: received });
      expect(receipt.status).toBe(201);
      const { onHand } = await shop.product('BAG-01');
      // Reserved by a Stock that will not have been, paid later.
      const letPaymentGoOn = await shop.holdUp('payment');
      const reserved = await place();
      await until('they wait for their payment', async () =>
        (await books.stepsOf(reserved)).every((step) => step === 'authorizing_payment'),
      );
      await shop.end('stock');
      const before = await books.states('stock');

      await shop.restore('stock');
      const restored = await books.states('stock');
      const unheard = await place();
      await shop.start('stock');
      await letPaymentGoOn();
      await shop.load.stop();
      await books.quiet();
      await books.nothingHeld();

      const after = await books.states('stock');
      const told = await books.orders();
      const isConfirmed = (id: string) => told.get(id)?.status === 'confirmed';
      // By itself: what was held asks what has become of it, what was not asked yet is asked now, and whoever was told no holds nothing.
      expect(at(after, held)).toEqual(held.map(() => 'committed'));
      expect(at(after, unheard)).toEqual(unheard.map(() => 'committed'));
      const asked = [...restored].filter(([id, state]) => state === 'held' && before.get(id) !== 'held');
      expect(asked.map(([id]) => [id, after.get(id)])).toEqual(asked.map(([id]) => [id, before.get(id)]));
      expect([...after.values()].filter((state) => state === 'held')).toEqual([]);
      // Not by itself: sold, and Stock does not know.
      const lost = [...before.keys()].filter((id) => isConfirmed(id) && !after.has(id)).sort();
      expect(lost.length).toBeGreaterThan(2 * some);
      expect(await books.findings()).toEqual({ confirmed_not_committed: lost, dead_failures: ['stock'] });
      const failures = await books.dead('stock');
      expect(failures.map(({ subject }) => subject)).toEqual(expect.arrayContaining(reserved));
      for (const { subject, error } of failures) {
        // Or it is known again: a command that had been sent twice came after the event.
        if (!lost.includes(subject)) expect(after.get(subject)).toBe('committed');
        expect(error).toBe('DeadMessage: order.confirmed cannot be: the reservation is not there');
      }
      // Nobody else has heard of a receipt: its units are gone without a finding. (Of those that were sold meanwhile some are back.)
      expect(onHand - (await shop.product('BAG-01')).onHand).toBeGreaterThan(received / 2);
      expect(
        await shop.look('stock', (sql) => sql`select 1 from receipts where quantity = ${received}`),
      ).toEqual([]);

      await shop.repair(
        'stock',
        [{ from: 'order', out: 'order-confirmed-lines', into: 'stock-said' }],
        'stock-enter',
      );
      expect(await redrive('stock')).toEqual({ failures: failures.length });
      await books.clean();
    });

    test('Payment', async () => {
      // Long enough that no command is sent again by chance; where it must be, an operator says so.
      await open({ STEP_TIMEOUT_SECONDS: '10' });
      await accepted(20);
      // Authorized when the mark is made, captured after it.
      const letPaymentGo = await shop.holdUp('payment');
      const authorized = await place();
      await until('they wait for their payment', async () =>
        (await books.stepsOf(authorized)).every((step) => step === 'authorizing_payment'),
      );
      const letOrderGo = await shop.holdUp('order');
      await letPaymentGo();
      await until('they are authorized', async () =>
        at(await books.states('payment'), authorized).every((state) => state === 'authorized'),
      );
      await shop.mark(['payment']);
      await letOrderGo();
      await accepted(40);
      await until('they are captured', async () =>
        at(await books.states('payment'), authorized).every((state) => state === 'captured'),
      );
      // Authorized by a Payment that will not have been: its answers wait for Order. Of one it will never have heard.
      const letPaymentGoOn = await shop.holdUp('payment');
      const promised = await place();
      const [unanswered = ''] = await place(1);
      await until('they wait for their payment', async () =>
        (await books.stepsOf([...promised, unanswered])).every((step) => step === 'authorizing_payment'),
      );
      const letCardProcessorSpeak = await shop.silence(unanswered);
      const letOrderGoOn = await shop.holdUp('order');
      await letPaymentGoOn();
      await until('they are authorized', async () =>
        at(await books.states('payment'), promised).every((state) => state === 'authorized'),
      );
      await until(
        'the answers have left',
        async () => (await shop.look('payment', (sql) => sql`select 1 from outbox`)).length === 0,
      );
      await until('money is promised, and Payment does not know', async () =>
        (await shop.ledger()).has(unanswered),
      );
      await shop.end('payment', 'SIGKILL');
      await letOrderGoOn();
      const before = await books.states('payment');
      expect(before.get(unanswered)).toBe('authorizing');

      await shop.restore('payment');
      const restored = await books.states('payment');
      const unheard = await place();
      await letCardProcessorSpeak();
      await shop.start('payment');
      await shop.load.stop();
      for (const [id, { step }] of await books.orders())
        if (step !== 'done') await shop.ask('order', `/admin/order/orders/${id}/deadline`, account);
      await books.quiet();
      await books.nothingHeld();

      const after = await books.states('payment');
      const told = await books.orders();
      const isConfirmed = (id: string) => told.get(id)?.status === 'confirmed';
      // By itself, and no card is charged twice for it: the keys are what they were.
      expect(at(after, authorized)).toEqual(authorized.map(() => 'captured'));
      expect(at(after, [...unheard, unanswered])).toEqual([...unheard, unanswered].map(() => 'captured'));
      const ledger = await shop.ledger();
      expect(ledger.get(unanswered)).toMatchObject(
        [
          { operation: 'authorize', done: true, asks: expect.toSatisfy((asks) => asks > 1) },
          { operation: 'capture', done: true },
        ].reverse(),
      );
      const asked = [...restored].filter(
        ([id, state]) => state === 'authorized' && before.get(id) !== 'authorized',
      );
      expect(asked.map(([id]) => [id, after.get(id)])).toEqual(asked.map(([id]) => [id, before.get(id)]));
      // Not by itself: paid, or promised for ever, and Payment does not know.
      const lost = [...before.keys()].filter((id) => isConfirmed(id) && !after.has(id)).sort();
      expect(lost.length).toBeGreaterThan(2 * some);
      expect(await books.findings()).toEqual({ confirmed_not_captured: lost, dead_failures: ['payment'] });
      const failures = await books.dead('payment');
      expect(failures.map(({ subject }) => subject)).toEqual(expect.arrayContaining(promised));
      for (const { subject, error } of failures) {
        // Or its call was under way at the mark, and the event came before it was made again: it asks later, and is captured.
        const calling = restored.get(subject) === 'authorizing';
        if (calling || !lost.includes(subject)) expect(after.get(subject)).toBe('captured');
        expect(error).toBe(
          `DeadMessage: order.confirmed cannot be: the payment is ${calling ? 'authorizing' : 'not there'}`,
        );
      }
      for (const id of promised)
        expect(ledger.get(id)?.map(({ operation }) => operation)).toEqual(['authorize']);

      await shop.repair(
        'payment',
        [{ from: 'order', out: 'order-confirmed-totals', into: 'payment-said' }],
        'payment-enter',
      );
      expect(await redrive('payment')).toEqual({ failures: failures.length });
      await books.quiet();
      await books.nothingHeld();
      await books.clean();
      // Whose money was only promised has paid now, everybody once.
      for (const [id, entries] of await shop.ledger())
        if (isConfirmed(id))
          expect(entries.map(({ operation, done }) => [operation, done])).toEqual([
            ['capture', true],
            ['authorize', true],
          ]);
    });

    test('Order', async () => {
      await open({ STEP_MAX_ATTEMPTS: '4' });
      await accepted(20);
      // Pending when the mark is made; after it some are confirmed, some cancelled.
      const letPaymentGo = await shop.holdUp('payment');
      const confirmed = await place();
      const cancelled = await place();
      await until('they wait for their payment', async () =>
        (await books.stepsOf([...confirmed, ...cancelled])).every((step) => step === 'authorizing_payment'),
      );
      await shop.mark(['order']);
      for (const id of cancelled) expect((await shop.cancel(id)).status).toBe(202);
      await letPaymentGo();
      await accepted(40);
      for (const id of [...confirmed, ...cancelled]) await shop.ended(id);
      await shop.load.stop();
      await books.quiet();
      // Held and authorized for an order that will not have been.
      const letOrderGo = await shop.holdUp('order');
      const unfinished = await place();
      await until('they are held', async () =>
        at(await books.states('stock'), unfinished).every((state) => state === 'held'),
      );
      await node.control?.stopApp();
      await letOrderGo();
      const unheard = await place();
      const told = await books.orders();
      await shop.end('order');
      await shop.restore('order');
      await node.control?.startApp();
      await shop.start('order');
      await books.quiet();

      const after = await books.orders();
      const [held, paid] = [await books.states('stock'), await books.states('payment')];
      // By itself: who is asked again answers as before.
      for (const id of confirmed)
        expect(await shop.find(id)).toMatchObject({ status: 'confirmed', step: 'done' });
      for (const [id, { status }] of after)
        if (!cancelled.includes(id) && told.get(id)?.status !== 'cancelled')
          expect([id, status]).toEqual([id, told.get(id)?.status]);
      // What had been cancelled cannot be asked for again: it is given up, as another kind of no.
      for (const id of cancelled)
        expect(await shop.find(id)).toMatchObject({ status: 'rejected', reason: { code: 'timed_out' } });
      // Not by itself: orders that somebody was told of. Of some there is a trace.
      const lost = [...told.keys()].filter((id) => !after.has(id)).sort();
      const traced = lost.filter((id) => held.has(id) || paid.has(id));
      expect(lost.filter((id) => !traced.includes(id))).toEqual(unheard.sort());
      expect(traced.length).toBeGreaterThan(2 * some);
      expect(await books.findings()).toEqual({ unknown_order: traced, dead_failures: ['order'] });
      const failures = await books.dead('order');
      const subjects = new Set(failures.map(({ subject }) => subject));
      for (const id of [...unfinished, ...cancelled]) expect(subjects).toContain(id);
      for (const { subject, error } of failures)
        if (after.has(subject)) {
          expect(told.get(subject)?.status).toBe('cancelled');
          expect(error).toMatch(/^DeadMessage: \S+ cannot answer anything: /);
        } else {
          expect(traced).toContain(subject);
          expect(error).toBe(`DeadMessage: order ${subject} is not known here`);
        }

      await shop.repair(
        'order',
        [
          { from: 'stock', out: 'stock-reservations', into: 'order-reserved' },
          { from: 'payment', out: 'payment-payments', into: 'order-paid' },
        ],
        'order-enter',
      );
      await redrive('order');
      await books.quiet();
      await books.clean();
      // What was sold stays sold; what was only held or promised is given back.
      const entered: Order[] = [];
      for (const id of traced) entered.push(await shop.find(id));
      for (const { id, status } of entered)
        expect([id, status]).toEqual([id, paid.get(id) === 'captured' ? 'confirmed' : 'rejected']);
      const [heldNow, paidNow] = [await books.states('stock'), await books.states('payment')];
      expect([...heldNow.values()].filter((state) => state === 'held')).toEqual([]);
      expect([...paidNow.values()].filter((state) => state === 'authorized')).toEqual([]);
    });
  },
);
