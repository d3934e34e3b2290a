/** Orders as they move: Server-Sent Events, each with an order as `GET` shows it at that moment. */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import * as v from 'valibot';
import { maxIdLength, OrderId, text } from '../../../contracts/values.ts';
import {
  type Admitted,
  allow,
  createEventStreams,
  type DoorDatabase,
  type EventStreams,
  param,
  problem,
  query,
} from '../../../http/index.ts';
import { gather, type Limits } from '../../../outbox/index.ts';
import { forOthers, isTheirs } from '../owner.ts';
import * as docs from './http.docs.ts';
import { type Listener, type Live, learn, overlapSeconds, type Told } from './live.ts';
import { type Known, type News, readCustomer, readNews } from './store.ts';

const ById = v.object({ id: OrderId });
const ByCustomer = v.strictObject({ customerId: text(maxIdLength) });

/** What an event is called. */
const event = 'order';

export function createLiveRoutes(context: {
  readonly database: DoorDatabase;
  readonly live: Live;
  /** Held for the first state only. */
  readonly admitted: MiddlewareHandler<Admitted>;
  readonly streams?: EventStreams;
}): { readonly routes: Hono; hangUp(): void } {
  const { database, live, admitted, streams = createEventStreams() } = context;
  const routes = new Hono();

  /** A thousand who come again together are one question. */
  const findNews = gather(async (ids: readonly string[], limits) => {
    const orders = new Map<string, Known>(ids.map((id) => [id, { seq: 0, ended: false }]));
    const asked = { orders, customerIds: [], idsMadeSince: new Date(), limit: orders.size };
    const { news } = await database.query((sql) => readNews(sql, asked), limits as Required<Limits>);
    const found = new Map(news.map((one) => [one.order.id, one]));
    return ids.map((id) => found.get(id));
  });

  routes.get(
    '/orders/events',
    docs.followCustomer,
    allow('orders'),
    query(ByCustomer),
    admitted,
    async (c) => {
      const refused = streams.refusal(c);
      if (refused) return refused;
      const { customerId } = c.req.valid('query');
      if (!isTheirs(c, customerId)) return forOthers(c);
      const since = lastMoment(c);
      const { news, readAt } = await database.query(
        (sql) => readCustomer(sql, customerId, since, overlapSeconds),
        c.get('limits'),
      );
      return streams.open(c, (stream) => {
        const tell = (told: readonly Told[], at: Date) =>
          stream.send(event, [
            ...told.map(({ order }) => ({ data: order })),
            { id: String(at.getTime()), data: null },
          ]);
        const listener: Listener = {
          customerId,
          all: true,
          known: new Map(),
          since: readAt,
          tell,
          overflow: stream.end,
        };
        const told = news.flatMap((one) => {
          const steps = learn(listener, one);
          if (!since) return steps.slice(-1);
          return steps.filter(
            ({ order }) => order.updatedAt.getTime() >= since.getTime() - overlapSeconds * 1_000,
          );
        });
        tell(told, readAt);
        return live.follow(listener);
      });
    },
  );

  routes.get('/orders/:id/events', docs.followOrder, allow('orders'), param(ById), admitted, async (c) => {
    const refused = streams.refusal(c);
    if (refused) return refused;
    const { id } = c.req.valid('param');
    const news = await findNews(id, c.get('limits'));
    if (!news || !isTheirs(c, news.order.customerId))
      return problem(c, 'order_not_found', { detail: `No order has the id ${id}.` });
    const known = new Map<string, Known>();
    const told = missed(learn({ known }, news), lastSeq(c));
    // Nothing will ever come: who has heard the end need not come again.
    if (told.length === 0 && hasEnded(news)) return c.body(null, 204);
    return streams.open(c, (stream) => {
      const tell = (some: readonly Told[]) => {
        stream.send(
          event,
          some.map(({ seq, order }) => ({ id: String(seq), data: order })),
        );
        if (some.at(-1)?.order.step === 'done') stream.end();
      };
      const { customerId } = news.order;
      const follow = () =>
        live.follow({ customerId, all: false, known, since: new Date(), tell, overflow: stream.end });
      if (told.length > 0) tell(told);
      return hasEnded(news) ? () => {} : follow();
    });
  });

  return { routes, hangUp: streams.close };
}

const hasEnded = ({ order }: News) => order.step === 'done';

/** For a new listener the present state; for one who comes again, what it has missed. */
function missed(told: readonly Told[], lastSeq: number | undefined): readonly Told[] {
  const last = told.at(-1);
  // An id that is yet to come is of another life of the database.
  if (!last || lastSeq === undefined || lastSeq > last.seq) return told.slice(-1);
  return told.filter(({ seq }) => seq > lastSeq);
}

const lastSeq = (c: Context) => numberIn(c.req.header('last-event-id'));

function lastMoment(c: Context): Date | undefined {
  const ms = numberIn(c.req.header('last-event-id'));
  return ms === undefined || ms > Date.now() ? undefined : new Date(ms);
}

/** Ids that we have not made are no ids. */
const numberIn = (text: string | undefined) =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
