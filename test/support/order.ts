/** Order, open over a database of its own, with what its tests do and look at. */
import { beforeEach, expect } from 'vitest';
import { createOrder } from '../../src/modules/order/index.ts';
import { createDispatcher } from '../../src/outbox/dispatcher.ts';
import type { Message } from '../../src/outbox/index.ts';
import { compose } from '../../src/outbox/message.ts';
import { createUnitOfWork } from '../../src/outbox/outbox.ts';
import { createScriptedBroker } from './broker.ts';
import { openTestDatabase } from './database.ts';

export const patience = { stepTimeoutSeconds: 30, stepMaxAttempts: 3 };

const module = createOrder(patience);

/** What is tested is not how soon a door gives up: a machine that stands still for a second is refused nothing. */
export const budgetMs = 30_000;

export const mug = { sku: 'MUG-01', name: 'Mug', unitPrice: 1250, currency: 'EUR', version: 10 };

export const message = (type: string, subject: string, data: unknown = {}): Message =>
  compose({ type, subject, data }, '/elsewhere', new Date());

export const cart = {
  customerId: 'cus_1',
  lines: [{ sku: 'MUG-01', quantity: 2 }],
  paymentToken: 'tok_visa',
};

/** Opens Order over a database of its own. Call it at the top of a test file. */
export async function openOrder() {
  const database = await openTestDatabase('order', module.migrations);

  /** The broker is away: whatever Order says stays in its outbox, where the tests read it. */
  const broker = createScriptedBroker();
  broker.ready = false;

  const unit = createUnitOfWork({
    database,
    source: '/order',
    dispatcher: createDispatcher({ database, broker, news: [] }),
  });

  const open = () => module.open({ database, unit, log: () => {}, observer: {}, budgetMs });
  const { routes, handle } = open();

  beforeEach(async () => {
    await database.query((sql) => sql`truncate orders, order_history, notices, products, outbox`);
    await database.query(
      (sql) => sql`update catalogue set asked_at = null, listed_at = null, question_id = null`,
    );
  });

  const receive = (...messages: Message[]) => unit.run((open) => handle(open, messages));

  const list = (...products: object[]) =>
    receive(message('stock.products_listed', 'products', { products, last: true }));

  const post = (path: string, body: object) =>
    routes.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** Places an order of two mugs. */
  async function placed(): Promise<string> {
    await list(mug);
    const response = await post('/orders', cart);
    expect(response.status).toBe(201);
    const { id } = (await response.json()) as { id: string };
    return id;
  }

  const said = async () =>
    (await database.query((sql) => sql<{ type: string }[]>`select type from outbox order by id`)).map(
      ({ type }) => type,
    );

  /** As if the broker were there and had taken everything. */
  const sendAll = () => database.query((sql) => sql`delete from outbox`);

  const overdue = () =>
    database.query(
      (sql) => sql`update orders set deadline_at = now() - interval '1 second' where deadline_at is not null`,
    );

  const orderRow = (id: string) =>
    database.query(async (sql) => (await sql`select * from orders where id = ${id}`)[0]);

  const get = async (id: string) =>
    (await (await routes.request(`/orders/${id}`)).json()) as Record<string, unknown>;

  const history = (id: string) =>
    database.query(
      (sql) => sql<
        {
          seq: number;
          event: string;
          heeded: boolean;
          step: string;
          sent: { type: string }[];
          cause: { id: string } | null;
        }[]
      >`
      select seq, event, heeded, step, sent, cause from order_history where order_id = ${id} order by seq`,
    );

  return {
    database,
    unit,
    routes,
    handle,
    /** Another replica: it shares nothing with the first but the database. */
    openAnother: open,
    receive,
    list,
    post,
    placed,
    said,
    sendAll,
    overdue,
    orderRow,
    get,
    history,
  };
}
