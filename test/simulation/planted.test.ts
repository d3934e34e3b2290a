/** A simulation that has never found anything may be blind: it finds what is planted, in seeds that the program survives. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as orderHeart from '../../src/modules/order/order.ts';
import type * as paymentHeart from '../../src/modules/payment/payment.ts';
import type * as stockHeart from '../../src/modules/stock/reservation.ts';
import type { Sql, Statement } from '../../src/outbox/index.ts';
import type { Plant } from './shop.ts';
import type { Rules } from './simulation.ts';

/** A bug is in one of a few dozen runs, not in one of many thousand. */
const seeds = 2_000;

interface Hearts {
  order?: Partial<typeof orderHeart>;
  stock?: Partial<typeof stockHeart>;
  payment?: Partial<typeof paymentHeart>;
}

/** What of a heart is replaced at the moment. */
const planted = vi.hoisted((): { hearts: Hearts } => ({ hearts: {} }));
afterEach(() => {
  planted.hearts = {};
});

vi.mock('../../src/modules/order/order.ts', async (load) => {
  const heart = await load<typeof orderHeart>();
  const answerInquiry: typeof heart.answerInquiry = (...given) =>
    (planted.hearts.order?.answerInquiry ?? heart.answerInquiry)(...given);
  return { ...heart, answerInquiry };
});
vi.mock('../../src/modules/stock/reservation.ts', async (load) => {
  const heart = await load<typeof stockHeart>();
  const release: typeof heart.release = (...given) =>
    (planted.hearts.stock?.release ?? heart.release)(...given);
  return { ...heart, release };
});
vi.mock('../../src/modules/payment/payment.ts', async (load) => {
  const heart = await load<typeof paymentHeart>();
  const record: typeof heart.record = (...given) =>
    (planted.hearts.payment?.record ?? heart.record)(...given);
  const operationOf: typeof heart.operationOf = (payment) =>
    (planted.hearts.payment?.operationOf ?? heart.operationOf)(payment);
  return { ...heart, record, operationOf };
});

// Test files share what is loaded, and what another one has loaded before knows nothing of these.
vi.resetModules();
const { BrokerAway } = await import('../../src/outbox/index.ts');
const { findFault, runSeeds } = await import('./seeds.ts');
const { release } = await vi.importActual<typeof stockHeart>('../../src/modules/stock/reservation.ts');
const { operationOf, record } = await vi.importActual<typeof paymentHeart>(
  '../../src/modules/payment/payment.ts',
);

interface Bug {
  readonly broker: Rules['broker'];
  readonly plant?: Plant;
  readonly hearts?: Hearts;
  /** What the simulation says about it. */
  readonly found: RegExp;
}

const insertsOfMessages = new WeakSet<Statement>();

const bugs: Readonly<Record<string, Bug>> = {
  'a release that comes before its reserve leaves no tombstone': {
    broker: 'forgetful',
    plant: {
      stock: ({ store }) => ({
        ...store,
        insertReservations: (sql, made, inquiryAfterSeconds) =>
          store.insertReservations(
            sql,
            made.filter(({ lines }) => lines.length > 0),
            inquiryAfterSeconds,
          ),
      }),
    },
    found: /stock is held that was said to be released/,
  },
  'the inbox does not know a message again': {
    broker: 'forgetful',
    plant: {
      messages: ({ store }) => ({
        ...store,
        async rememberFresh(sql, ids) {
          await store.rememberFresh(sql, ids);
          return ids;
        },
      }),
    },
    found: /has its effect twice/,
  },
  'a retry does not remember what it has handled': {
    broker: 'forgetful',
    plant: { messages: ({ store }) => ({ ...store, remember: async (_, ids) => ids }) },
    found: /has its effect twice/,
  },
  'silence of the broker is taken for its confirm': {
    broker: 'faithful',
    plant: {
      wires: {
        broker: (broker) => ({
          ...broker,
          get ready() {
            return broker.ready;
          },
          publish: (packet) =>
            broker.publish(packet).catch((error: unknown) => {
              if (!(error instanceof BrokerAway)) throw error;
            }),
        }),
      },
    },
    found: /it has no end/,
  },
  'messages are written after the commit, not with it': {
    broker: 'faithful',
    plant: {
      messages: ({ store }) => ({
        ...store,
        insertMessages(sql, rows) {
          const statement = store.insertMessages(sql, rows);
          insertsOfMessages.add(statement);
          return statement;
        },
      }),
      wires: {
        database: (database) => ({
          ...database,
          async transaction(work, { last = () => [], ...limits } = {}) {
            const only = (messages: boolean) => (sql: Sql) =>
              last(sql).filter((statement) => insertsOfMessages.has(statement) === messages);
            const result = await database.transaction(work, { ...limits, last: only(false) });
            await database.transaction(async () => {}, { ...limits, last: only(true) });
            return result;
          },
        }),
      },
    },
    found: /it has no end/,
  },
  'what was given back is given back again': {
    broker: 'forgetful',
    hearts: {
      stock: {
        release: (orderId, known, levels) =>
          release(orderId, known?.state === 'released' ? { ...known, state: 'held' } : known, levels),
      },
    },
    found: /could not handle stock.release|reserved/,
  },
  'whoever asks after a rejected order is told that it is confirmed': {
    broker: 'forgetful',
    hearts: {
      order: {
        answerInquiry: ({ status }) => (status === 'pending' ? null : { type: 'order.confirmed', data: {} }),
      },
    },
    found:
      /reservation is committed|could not handle (order.confirmed|payment.void|stock.release)|a payment goes from|books|processor/,
  },
  'an authorization counts, though it was to be voided meanwhile': {
    broker: 'forgetful',
    hearts: {
      payment: {
        record: (known, operation, answer) =>
          record(
            operation === 'authorize' && known.state === 'voiding'
              ? { ...known, state: 'authorizing' }
              : known,
            operation,
            answer,
          ),
      },
    },
    found: /a payment goes from voiding to authorized/,
  },
  'a void does not ask what became of the authorization': {
    broker: 'forgetful',
    hearts: {
      payment: { operationOf: (payment) => (payment.state === 'voiding' ? 'void' : operationOf(payment)) },
    },
    found: /money is given back that is not promised/,
  },
};

describe.each(Object.entries(bugs))('%s', (_, { broker, plant, hearts = {}, found }) => {
  test('is found, in seeds that the program survives', { timeout: 120_000 }, async () => {
    planted.hearts = hearts;
    const run = await findFault({ broker, ...(plant && { plant }) }, seeds, found);
    expect(run?.violations.join('\n')).toMatch(found);
    planted.hearts = {};
    await runSeeds({ broker }, { from: 1, count: run?.seed ?? 1 });
  });
});
