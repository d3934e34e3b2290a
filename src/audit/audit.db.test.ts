import { beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/support/database.ts';
import { type Databases, fillShop, idOf, orderId, run } from '../../test/support/orders.ts';
import { readConfig } from '../config.ts';
import type { ReadFacts } from '../contracts/facts.ts';
import { readFacts } from '../modules/facts.ts';
import type { ModuleName } from '../modules/module.ts';
import { createModule } from '../service.ts';
import { type AuditOptions, audit, type Sources } from './audit.ts';
import { type Invariant, invariants } from './invariants.ts';

const modules = {
  order: createModule('order', readConfig('audit', {})),
  stock: createModule('stock', readConfig('audit', {})),
  payment: createModule('payment', readConfig('audit', {})),
};
const databases = {
  order: await openTestDatabase('order', modules.order.migrations),
  stock: await openTestDatabase('stock', modules.stock.migrations),
  payment: await openTestDatabase('payment', modules.payment.migrations),
} satisfies Databases;
const sources: Sources = {
  order: readFacts(databases.order, modules.order),
  stock: readFacts(databases.stock, modules.stock),
  payment: readFacts(databases.payment, modules.payment),
};

beforeEach(() => fillShop(databases, 30));
/** Several portions of rows, with a remainder. */
const many = 4_321;

const look = (options: Partial<AuditOptions> = {}, from: Sources = sources) =>
  audit(from, { graceSeconds: 0.05, maxExamples: 5, ...options });
/** What is found, in a few words: the invariant and whom it is about. */
const found = async (options?: Partial<AuditOptions>) =>
  (await look(options)).findings.flatMap(({ invariant, examples }) =>
    examples.map(({ subject }) => `${invariant} ${subject}`),
  );

test('orders of every outcome in three databases that agree: clean, and all of them were read', async () => {
  await fillShop(databases, many);
  const report = await look();
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({
    clean: true,
    orders: many,
    messaging: { order: { outboxMessages: 0 }, stock: {}, payment: { dead: 0 } },
  });
});

const confirmed = idOf('confirmed');
const declined = idOf('declined');
const voided = idOf('voided');
const cancelled = idOf('cancelled');
const authorizing = idOf('authorizing');
const unknown = orderId(1_000_000_000);

/** A violation of one invariant: by whom, and whom it is about. */
type Planted = readonly [
  what: string,
  invariant: Invariant,
  subject: string,
  sql: Partial<Record<ModuleName, string>>,
];

const planted: readonly Planted[] = [
  [
    'an order whose deadline nobody looks at',
    'order_overdue',
    authorizing,
    { order: `update orders set deadline_at = now() - interval '1 minute' where id = '${authorizing}'` },
  ],
  [
    'an order that has asked in vain',
    'order_overdue',
    authorizing,
    { order: `update orders set step_attempts = 3 where id = '${authorizing}'` },
  ],
  [
    'a confirmed order whose units are still held',
    'confirmed_not_committed',
    confirmed,
    {
      stock: `update reservations set state = 'held', inquire_at = now() where order_id = '${confirmed}';
        update products set on_hand = on_hand + 1, reserved = reserved + 1`,
    },
  ],
  [
    'a confirmed order without a reservation',
    'confirmed_not_committed',
    confirmed,
    {
      stock: `delete from reservations where order_id = '${confirmed}';
        update products set on_hand = on_hand + 1`,
    },
  ],
  [
    'a confirmed order that was never captured',
    'confirmed_not_captured',
    confirmed,
    {
      payment: `update payments set state = 'authorized', inquire_at = now() where order_id = '${confirmed}';
        delete from simulated_gateway_ledger where key = 'capture:${confirmed}'`,
    },
  ],
  [
    'a confirmed order without a payment',
    'confirmed_not_captured',
    confirmed,
    {
      payment: `delete from payments where order_id = '${confirmed}';
        delete from simulated_gateway_ledger where order_id = '${confirmed}'`,
    },
  ],
  [
    'units taken for a cancelled order',
    'committed_not_confirmed',
    cancelled,
    {
      stock: `update reservations set state = 'committed' where order_id = '${cancelled}';
        update products set on_hand = on_hand - 2 where sku = 'MUG-01';
        update products set on_hand = on_hand - 1 where sku = 'PEN-01'`,
    },
  ],
  [
    'money taken for an order that is not confirmed',
    'captured_not_confirmed',
    authorizing,
    {
      payment: `update payments set state = 'captured', approved = true, call_at = null, call_since = null where order_id = '${authorizing}';
        insert into simulated_gateway_ledger (key, operation, order_id, amount, currency, at)
        select 'capture:' || order_id, 'capture', order_id, amount, currency, created_at
        from payments where order_id = '${authorizing}'`,
    },
  ],
  [
    'a cancelled order whose units are held',
    'ended_but_held',
    cancelled,
    {
      stock: `update reservations set state = 'held', inquire_at = now() where order_id = '${cancelled}';
        update products set reserved = reserved + 2 where sku = 'MUG-01';
        update products set reserved = reserved + 1 where sku = 'PEN-01'`,
    },
  ],
  [
    'a cancelled order whose money is promised',
    'ended_but_authorized',
    voided,
    {
      payment: `update payments set state = 'authorized', inquire_at = now() where order_id = '${voided}';
        delete from simulated_gateway_ledger where key = 'void:${voided}'`,
    },
  ],
  [
    'other units than were ordered',
    'units_differ',
    declined,
    {
      stock: `update reservations set lines = jsonb_set(lines, '{0,quantity}', '7') where order_id = '${declined}'`,
    },
  ],
  [
    "another amount than the order's total",
    'amount_differs',
    confirmed,
    {
      payment: `update payments set amount = amount + 1 where order_id = '${confirmed}';
        update simulated_gateway_ledger set amount = amount + 1 where order_id = '${confirmed}'`,
    },
  ],
  [
    'another currency',
    'amount_differs',
    confirmed,
    {
      payment: `update payments set currency = 'USD' where order_id = '${confirmed}';
        update simulated_gateway_ledger set currency = 'USD' where order_id = '${confirmed}'`,
    },
  ],
  [
    'a card that was charged twice',
    'paid_twice',
    confirmed,
    {
      payment: `insert into simulated_gateway_ledger (key, operation, order_id, amount, currency, at)
        select operation || ':2', operation, order_id, amount, currency, at
        from simulated_gateway_ledger where order_id = '${confirmed}'`,
    },
  ],
  [
    'a reservation of an order that Order does not know',
    'unknown_order',
    unknown,
    {
      stock: `insert into reservations (order_id, state, lines, updated_at)
        values ('${unknown}', 'released', '[]', now() - interval '1 hour')`,
    },
  ],
  [
    'a payment of an order that Order has lost',
    'unknown_order',
    declined,
    { order: `delete from orders where id = '${declined}'` },
  ],
  [
    'money that the card processor took for an order that nobody knows',
    'unknown_order',
    unknown,
    {
      payment: `insert into simulated_gateway_ledger (key, operation, order_id, amount, currency, at)
        values ('authorize:${unknown}', 'authorize', '${unknown}', 1, 'EUR', now() - interval '1 hour')`,
    },
  ],
  [
    'a capture that the card processor does not know of',
    'gateway_disagrees',
    confirmed,
    { payment: `delete from simulated_gateway_ledger where key = 'capture:${confirmed}'` },
  ],
  [
    'a capture of another amount',
    'gateway_disagrees',
    confirmed,
    { payment: `update simulated_gateway_ledger set amount = 1 where key = 'capture:${confirmed}'` },
  ],
  [
    'an authorization of another amount',
    'gateway_disagrees',
    voided,
    { payment: `update simulated_gateway_ledger set amount = 1 where key = 'authorize:${voided}'` },
  ],
  [
    'an authorization that is still there at the card processor after its void',
    'gateway_disagrees',
    voided,
    { payment: `delete from simulated_gateway_ledger where key = 'void:${voided}'` },
  ],
  [
    'an authorization of a payment that was declined',
    'gateway_disagrees',
    declined,
    {
      payment: `update simulated_gateway_ledger set decline_code = null where key = 'authorize:${declined}'`,
    },
  ],
  [
    'units that came from nowhere',
    'levels_disagree',
    'MUG-01',
    { stock: `update products set on_hand = on_hand + 1 where sku = 'MUG-01'` },
  ],
  [
    'units promised to nobody',
    'levels_disagree',
    'PEN-01',
    { stock: `update products set reserved = reserved + 1 where sku = 'PEN-01'` },
  ],
  [
    'a promised product that is not there',
    'levels_disagree',
    'GONE-01',
    {
      stock: `insert into reservations (order_id, state, lines, inquire_at)
        select '${unknown}', 'held', '[{"sku": "GONE-01", "quantity": 1}]', now()`,
      order: `insert into orders (id, customer_id, step, status, lines, total, currency, step_attempts, deadline_at)
        values ('${unknown}', 'cus_1', 'authorizing_payment', 'pending', '[{"sku": "GONE-01", "quantity": 1}]', 1, 'EUR', 1,
          now() + interval '1 minute')`,
    },
  ],
  [
    'a message that is not sent',
    'outbox_stuck',
    'stock',
    {
      stock: `insert into outbox (id, type, subject, message, leased_until, created_at)
        values (gen_random_uuid(), 'stock.reserved', 'x', '{}', now(), now() - interval '2 minutes')`,
    },
  ],
  [
    'a message that waits for a person',
    'dead_failures',
    'payment',
    {
      payment: `insert into inbox_failures (id, message, error, next_attempt_at)
        values (gen_random_uuid(), '{}', 'no', null), (gen_random_uuid(), '{}', 'later', now())`,
    },
  ],
];

/** What is wrong from the first moment on. */
const timeless: readonly Invariant[] = [
  'units_differ',
  'amount_differs',
  'paid_twice',
  'levels_disagree',
  'dead_failures',
];

describe('a violation is found, and nothing else is; within the grace time it is not', () => {
  test.each(planted)('%s: %s', async (_, invariant, subject, statements) => {
    await plant(statements);
    expect(await found()).toEqual([`${invariant} ${subject}`]);
    if (!timeless.includes(invariant)) expect(await found({ graceSeconds: 7_200 })).toEqual([]);
  });

  test('each invariant has one', () =>
    expect(new Set(planted.map(([, invariant]) => invariant))).toEqual(new Set(Object.keys(invariants))));

  test('two live payments of one order, where the table has lost its key', async () => {
    await run(
      databases.payment,
      `alter table payments drop constraint payments_pkey;
      insert into payments select order_id, gen_random_uuid(), amount, currency, null, state, approved from payments
      where order_id = '${confirmed}'`,
    );
    try {
      expect(await found()).toEqual([`paid_twice ${confirmed}`]);
    } finally {
      await run(databases.payment, 'truncate payments; alter table payments add primary key (order_id)');
    }
  });
});

const plant = (statements: Partial<Record<ModuleName, string>>) =>
  Promise.all(
    (Object.entries(statements) as [ModuleName, string][]).map(([name, text]) => run(databases[name], text)),
  );

describe('it does not cry wolf', () => {
  test('what is gone at the second look was under way at the first', async () => {
    await plant({ order: `update orders set step_attempts = 3 where id = '${authorizing}'` });
    let looks = 0;
    const healing: ReadFacts = async (scope, work) => {
      looks += 1;
      if (looks === 2)
        await run(
          databases.order,
          // What is new at the second look has had one look only.
          `update orders set step_attempts = 1 where id = '${authorizing}';
          insert into inbox_failures (id, message, error) values (gen_random_uuid(), '{}', 'no');
          update inbox_failures set next_attempt_at = null`,
        );
      return sources.order(scope, work);
    };
    expect((await look({}, { ...sources, order: healing })).findings).toEqual([]);
    expect(looks).toBe(2);
  });

  test('Order is read first: what happens between the moments is younger than what Order says', async () => {
    const late: ReadFacts = async (scope, work) => {
      await run(
        databases.order,
        `insert into orders (id, customer_id, step, status, lines, total, currency, step_attempts, deadline_at)
        values ('${unknown}', 'cus_1', 'reserving_stock', 'pending', '[]', 1, 'EUR', 1, now() + interval '1 minute')
        on conflict do nothing`,
      );
      await run(
        databases.stock,
        `insert into reservations (order_id, state, lines) values ('${unknown}', 'released', '[]')
        on conflict do nothing`,
      );
      return sources.stock(scope, work);
    };
    expect((await look({ graceSeconds: 5 }, { ...sources, stock: late })).findings).toEqual([]);
  });
});

test('a crowd of violations is counted, and some of them are told', async () => {
  await fillShop(databases, many);
  await run(
    databases.stock,
    `delete from reservations; update products set reserved = 0; delete from receipts;
    insert into receipts (id, sku, quantity) select gen_random_uuid(), sku, on_hand from products`,
  );
  const [finding, ...others] = (await look()).findings;
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ invariant: 'confirmed_not_committed', count: 200 });
  expect(finding?.suspected).toBeGreaterThan(many / 2);
  expect(finding?.examples).toHaveLength(5);
});

test('each example tells what each of them says', async () => {
  await plant({ payment: `delete from payments where order_id = '${confirmed}'` });
  const report = await look();
  const ages: number[] = [];
  const told = JSON.stringify(report.findings[0]?.examples[0]).replaceAll(/for (\d+) s/g, (_, age) => {
    ages.push(Number(age));
    return 'for an hour';
  });
  expect(JSON.parse(told)).toEqual({
    subject: confirmed,
    says: {
      order: 'confirmed (1 MUG-01, 1 PEN-01; 1550 EUR) for an hour',
      stock: 'committed (1 MUG-01, 1 PEN-01) for an hour',
      payment: null,
      gateway: '1 authorized (1550 EUR), 1 captured (1550 EUR), 0 voided',
    },
  });
  for (const age of ages) {
    expect(age).toBeGreaterThanOrEqual(3_600);
    // What a slow machine needs to write all of it and look.
    expect(age).toBeLessThanOrEqual(3_660);
  }
});
