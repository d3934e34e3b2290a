import { v7 as uuidv7 } from 'uuid';
import { beforeEach, describe, expect, test } from 'vitest';
import { untilNotOvertaken } from '../../../test/support/again.ts';
import { openTestDatabase } from '../../../test/support/database.ts';
import { until } from '../../../test/support/until.ts';
import { productsPerPage } from '../../contracts/stock.ts';
import { DeadMessage, DeadMessages, type Message } from '../../outbox/index.ts';
import { compose } from '../../outbox/message.ts';
import { createUnitOfWork } from '../../outbox/outbox.ts';
import { createStock } from './index.ts';
import { stockStore } from './store.ts';

const stock = createStock({ inquiryAfterSeconds: 300 });
const database = await openTestDatabase('stock', stock.migrations);

/** Nobody sends: whatever Stock says stays in its outbox, where the tests read it. */
const dispatcher = { dispatch: async () => {}, room: () => 0, stop: async () => {} };
const unit = createUnitOfWork({ database, source: '/stock', dispatcher });
const { handle } = stock.open({ database, unit, log: () => {}, observer: {} });

beforeEach(async () => {
  await database.query((sql) => sql`truncate products, receipts, reservations, outbox`);
});

type Lines = Readonly<Record<string, number>>;
const message = (type: string, subject: string, data: unknown = {}): Message =>
  compose({ type, subject, data }, '/order', new Date());
const reserve = (id: string, lines: Lines) =>
  message('stock.reserve', id, {
    lines: Object.entries(lines).map(([sku, quantity]) => ({ sku, quantity })),
  });
const release = (id: string) => message('stock.release', id);
const confirmed = (id: string) => message('order.confirmed', id);
const receive = (...messages: Message[]) =>
  untilNotOvertaken(() => unit.run((open) => handle(open, messages)));

const goods = (onHand: Lines) =>
  database.query(
    (sql) => sql`
      insert into products (sku, name, unit_price, currency, on_hand, version)
      select key, key, 100, 'EUR', value::bigint, 1 from json_each_text(${JSON.stringify(onHand)}::text::json)`,
  );
const levels = async () =>
  Object.fromEntries(
    (
      await database.query(
        (sql) => sql<{ sku: string; on_hand: number; reserved: number }[]>`
          select sku, on_hand, reserved from products`,
      )
    ).map(({ sku, on_hand, reserved }) => [sku, `${on_hand}/${reserved}`]),
  );
const states = async () =>
  Object.fromEntries(
    (
      await database.query(
        (sql) => sql<{ order_id: string; state: string }[]>`select order_id, state from reservations`,
      )
    ).map(({ order_id, state }) => [order_id, state]),
  );
const replies = async () =>
  (await database.query((sql) => sql<{ message: Message }[]>`select message from outbox order by id`)).map(
    ({ message }) => message,
  );
const said = async () => (await replies()).map(({ type, subject }) => `${type} ${subject}`);
/** Of every product: what is promised and what is held for orders; they must agree. */
const promisedAndHeld = () =>
  database.query(
    (sql) => sql<{ reserved: number; held: number }[]>`
      select reserved, coalesce(sum(line.quantity), 0)::bigint as held
      from products left join (
        select line.sku, line.quantity from reservations,
          jsonb_to_recordset(lines) as line (sku text, quantity bigint) where state = 'held'
      ) as line using (sku)
      group by sku, reserved`,
  );

describe('one order', () => {
  const id = uuidv7();

  test('held, then committed: the units leave, and the reply follows from its command', async () => {
    await goods({ A: 10, B: 5 });
    const command = { ...reserve(id, { B: 1, A: 2 }), senttime: '2026-01-01T00:00:00.000Z', attempt: 2 };
    await receive(command);
    expect([await levels(), await states()]).toEqual([{ A: '10/2', B: '5/1' }, { [id]: 'held' }]);
    expect(await replies()).toMatchObject([
      {
        type: 'stock.reserved',
        source: '/stock',
        subject: id,
        data: {},
        causationid: command.id,
        commandsent: command.senttime,
        commandattempt: 2,
      },
    ]);
    await receive(confirmed(id));
    await receive(confirmed(id));
    expect([await levels(), await states()]).toEqual([{ A: '8/0', B: '4/0' }, { [id]: 'committed' }]);
    expect(await said()).toHaveLength(1);
  });

  test('held, then released, then asked for once more: nothing is held', async () => {
    await goods({ A: 10 });
    await receive(reserve(id, { A: 2 }));
    await receive(release(id));
    await receive(release(id));
    await receive(reserve(id, { A: 2 }));
    expect([await levels(), await states()]).toEqual([{ A: '10/0' }, { [id]: 'released' }]);
    expect(await said()).toEqual([`stock.reserved ${id}`, ...Array(3).fill(`stock.released ${id}`)]);
  });

  test('rejected, and again the same, whatever has come in since', async () => {
    await goods({ A: 1, B: 5 });
    await receive(reserve(id, { B: 1, A: 2 }));
    await database.query((sql) => sql`update products set on_hand = 100`);
    await receive(reserve(id, { B: 1, A: 2 }));
    await receive(release(id));
    expect([await levels(), await states()]).toEqual([{ A: '100/0', B: '100/0' }, { [id]: 'rejected' }]);
    const [first, again, ...others] = await replies();
    expect(first).toMatchObject({ type: 'stock.rejected', data: { reason: { code: 'out_of_stock' } } });
    expect(again?.data).toEqual(first?.data);
    expect(others).toMatchObject([{ type: 'stock.released' }]);
  });

  test('a product that is not there', async () => {
    await receive(reserve(id, { NONE: 1 }));
    expect(await replies()).toMatchObject([
      {
        type: 'stock.rejected',
        data: { reason: { code: 'unknown_product', detail: expect.stringContaining('NONE') } },
      },
    ]);
  });

  test('released before it was asked for: a tombstone, and the late command is refused', async () => {
    await goods({ A: 10 });
    await receive(release(id));
    await receive(reserve(id, { A: 2 }));
    expect([await levels(), await states()]).toEqual([{ A: '10/0' }, { [id]: 'released' }]);
    expect(await said()).toEqual([`stock.released ${id}`, `stock.released ${id}`]);
  });

  test('what cannot be is a dead message, and it leaves nothing behind', async () => {
    await goods({ A: 10 });
    const dead = confirmed(id);
    const failure = receive(reserve(uuidv7(), { A: 1 }), dead).catch((error: unknown) => error);
    expect(await failure).toEqual(new DeadMessages(new Map([[dead.id, expect.any(DeadMessage)]])));
    expect([await levels(), await states(), await said()]).toEqual([{ A: '10/0' }, {}, []]);
    await receive(reserve(id, { A: 1 }), confirmed(id));
    await expect(receive(release(id))).rejects.toThrow(
      'stock.release cannot be: the reservation is committed',
    );
    await expect(receive(confirmed(uuidv7()))).rejects.toThrow('not there');
  });

  test('a command that comes again does not wait for a hot product', async () => {
    await goods({ A: 10 });
    await receive(reserve(id, { A: 1 }));
    await unit.run(async ({ sql }) => {
      await sql`select from products for update`;
      await unit.run(async (open) => {
        await open.sql`set local lock_timeout = '2s'`;
        await handle(open, [reserve(id, { A: 1 })]);
      });
    });
    expect(await said()).toEqual([`stock.reserved ${id}`, `stock.reserved ${id}`]);
  });
});

describe('a batch', () => {
  const [first, second, third] = [uuidv7(), uuidv7(), uuidv7()];

  test('orders that share a product see what those before them took and gave back', async () => {
    await goods({ A: 3 });
    await receive(
      reserve(first, { A: 2 }),
      reserve(second, { A: 2 }),
      release(first),
      reserve(third, { A: 3 }),
    );
    expect(await states()).toEqual({ [first]: 'released', [second]: 'rejected', [third]: 'held' });
    expect(await levels()).toEqual({ A: '3/3' });
    expect(await said()).toEqual([
      `stock.reserved ${first}`,
      `stock.rejected ${second}`,
      `stock.released ${first}`,
      `stock.reserved ${third}`,
    ]);
  });

  test('all of one order at once, in the order of arrival', async () => {
    await goods({ A: 10, B: 10 });
    await receive(
      reserve(first, { A: 2 }),
      reserve(first, { A: 2 }),
      confirmed(first),
      release(second),
      reserve(second, { B: 1 }),
    );
    expect(await states()).toEqual({ [first]: 'committed', [second]: 'released' });
    expect(await levels()).toEqual({ A: '8/0', B: '10/0' });
  });
});

describe('the list of products', () => {
  const pages = async () =>
    (await replies()).map(({ type, subject, data }) => {
      expect([type, subject]).toEqual(['stock.products_listed', 'products']);
      return data as { products: { sku: string }[]; last: boolean };
    });
  const list = () => receive(message('stock.list_products', 'products'));

  test('none: one empty page', async () => {
    await list();
    expect(await pages()).toEqual([{ products: [], last: true }]);
  });

  test('one: with what other modules may know of it', async () => {
    await goods({ A: 10 });
    await list();
    const product = { sku: 'A', name: 'A', unitPrice: 100, currency: 'EUR', version: 1 };
    expect(await pages()).toEqual([{ products: [product], last: true }]);
  });

  test.each([
    [productsPerPage, [productsPerPage]],
    [productsPerPage + 1, [productsPerPage, 1]],
  ])('%i products', async (count, expected) => {
    const skus = Array.from({ length: count }, (_, n) => `SKU-${String(n).padStart(5, '0')}`);
    await goods(Object.fromEntries([...skus].reverse().map((sku) => [sku, 1])));
    await list();
    const listed = await pages();
    expect(listed.map(({ products }) => products.length)).toEqual(expected);
    expect(listed.map(({ last }) => last)).toEqual(expected.map((_, n) => n === expected.length - 1));
    expect(listed.flatMap(({ products }) => products.map(({ sku }) => sku))).toEqual(skus);
  });
});

test('a hot product costs what a cold one does while an old snapshot keeps all that it has been', async () => {
  const blocksRead = (sku: string) =>
    database.transaction(
      async (sql) => {
        const read = async () => {
          const [stats] = await sql<{ blocks: number }[]>`
            select pg_stat_get_xact_blocks_fetched('products'::regclass) as blocks`;
          return stats?.blocks ?? 0;
        };
        const before = await read();
        await stockStore.lockLevels(sql, [{ orderId: uuidv7(), sku }], []);
        for (const write of stockStore.saveLevels(sql, new Map([[sku, { onHand: 9, reserved: 0 }]])))
          await write;
        return (await read()) - before;
      },
      { keepPlans: true },
    );
  await goods({ HOT: 5, COLD: 5 });
  await database.transaction(async (snapshot) => {
    await snapshot`set transaction isolation level repeatable read`;
    await snapshot`select 1`;
    // A version that its own transaction has replaced would be cleared away all the same: each update is in one of its own.
    await database.query(
      (sql) => sql`
        do $$ begin
          for n in 1..2000 loop
            begin update products set on_hand = on_hand + 1 where sku = 'HOT'; exception when division_by_zero then null; end;
          end loop;
        end $$`,
    );
    expect(await blocksRead('HOT')).toBeLessThan((await blocksRead('COLD')) + 10);
  });
  expect(await levels()).toEqual({ HOT: '9/0', COLD: '9/0' });
});

describe('at the same moment, on two connections', () => {
  /** How many backends wait for a lock. */
  const waiting = async () =>
    (
      await database.query(
        (sql) => sql`
          select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
    ).length;

  /** Handles `first`, and before that is committed `second` too, which must wait for it. */
  async function meet(first: Message, second: Message): Promise<void> {
    let later: Promise<void> | undefined;
    await unit.run(async (open) => {
      await handle(open, [first]);
      later = receive(second);
      await until('the second message waits for the first', async () => (await waiting()) === 1, 9_000);
    });
    await later;
  }

  /** Handles `late`; what it has found is old when it is written: `early` is committed first. */
  async function overtake(late: Message, early: Message): Promise<void> {
    let overtaken = false;
    await untilNotOvertaken(() =>
      unit.run(async (open) => {
        await handle(open, [late]);
        if (!overtaken) await receive(early);
        overtaken = true;
      }),
    );
  }

  test('reserve and release of an order that nobody knows yet meet, whoever comes first', async () => {
    await goods({ A: 10 });
    const [reservedFirst, releasedFirst] = [uuidv7(), uuidv7()];
    await overtake(release(reservedFirst), reserve(reservedFirst, { A: 1 }));
    await overtake(reserve(releasedFirst, { A: 1 }), release(releasedFirst));
    expect(await states()).toEqual({ [reservedFirst]: 'released', [releasedFirst]: 'released' });
    expect(await levels()).toEqual({ A: '10/0' });
    expect(await said()).toEqual([
      `stock.reserved ${reservedFirst}`,
      `stock.released ${reservedFirst}`,
      `stock.released ${releasedFirst}`,
      `stock.released ${releasedFirst}`,
    ]);
  });

  test('the last unit is sold once', async () => {
    await goods({ RARE: 1 });
    await meet(reserve(uuidv7(), { RARE: 1 }), reserve(uuidv7(), { RARE: 1 }));
    expect(Object.values(await states()).sort()).toEqual(['held', 'rejected']);
    expect(await levels()).toEqual({ RARE: '1/1' });
  });

  /** Two batches run into a lock of somebody else's that lies between what they ask for: whoever has locked out of order is caught. */
  async function collideAt(middle: Message, left: readonly Message[], right: readonly Message[]) {
    let batches: Promise<unknown> | undefined;
    await unit.run(async (open) => {
      await handle(open, [middle]);
      batches = Promise.all([receive(...left), receive(...right)]);
      await until('both batches wait', async () => (await waiting()) === 2, 9_000);
    });
    await batches;
  }

  test('batches lock products in one order, whatever the order of their lines', async () => {
    await goods({ A: 100, B: 100, C: 100 });
    for (let round = 0; round < 10; round += 1)
      await collideAt(
        reserve(uuidv7(), { B: 1 }),
        [reserve(uuidv7(), { A: 1, B: 1, C: 1 })],
        [reserve(uuidv7(), { C: 1, B: 1, A: 1 })],
      );
    expect(await levels()).toEqual({ A: '100/20', B: '100/30', C: '100/20' });
  });

  test('batches lock orders in one order, whatever the order of arrival', async () => {
    for (let round = 0; round < 10; round += 1) {
      const ids = [uuidv7(), uuidv7(), uuidv7()];
      await receive(...ids.map(release));
      const releases = () => ids.map(release);
      await collideAt(release(ids[1] ?? ''), releases(), releases().reverse());
    }
    expect(Object.values(await states())).toEqual(Array(30).fill('released'));
  });

  test('batches write new orders in one order, whatever the order of arrival', async () => {
    for (let round = 0; round < 10; round += 1) {
      const ids = [uuidv7(), uuidv7(), uuidv7()];
      const releases = () => ids.map(release);
      let batches: Promise<unknown> | undefined;
      const middle = database.transaction(async (sql) => {
        await sql`insert into reservations (order_id, state, lines) values (${ids[1] ?? ''}, 'released', '[]')`;
        batches = Promise.all([receive(...releases()), receive(...releases().reverse())]);
        await until('both batches wait', async () => (await waiting()) === 2, 9_000);
        throw new Error('it was not to be');
      });
      await expect(middle).rejects.toThrow('it was not to be');
      await batches;
    }
    expect(Object.values(await states())).toEqual(Array(30).fill('released'));
    expect(await said()).toHaveLength(60);
  });

  test('many batches with common orders and products: none is lost, and promises agree', async () => {
    const skus = Array.from({ length: 12 }, (_, n) => `SKU-${String(n).padStart(2, '0')}`);
    await goods(Object.fromEntries(skus.map((sku) => [sku, 100])));
    const newIds = () => Array.from({ length: 6 }, () => uuidv7());
    const reserveAll = (ids: readonly string[], of: readonly string[]) =>
      ids.map((id, n) =>
        reserve(id, Object.fromEntries([0, 2, 4].map((k) => [of[(n + k) % of.length] ?? '', 1]))),
      );
    const backwards = [...skus].reverse();
    for (let round = 0; round < 20; round += 1) {
      const [known, common, left, right] = [newIds(), newIds(), newIds(), newIds()];
      await receive(...reserveAll(known, skus));
      await Promise.all([
        receive(...reserveAll([...left, ...common], skus)),
        receive(...reserveAll([...common, ...right].reverse(), backwards)),
        receive(...known.map(release), ...reserveAll(newIds(), backwards)),
        receive(...[...common, ...known].reverse().map(release), ...reserveAll(newIds(), skus)),
      ]);
      // Room for the next round.
      await receive(...[...left, ...right].map(release));
    }
    expect(Object.keys(await states())).toHaveLength(20 * 36);
    for (const { reserved, held } of await promisedAndHeld()) expect(reserved).toBe(held);
  });
});
