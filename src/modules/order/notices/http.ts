/** The administrator's doors: who is told by webhook, what is on its way to whom, and what would be said. */
import { type Context, Hono } from 'hono';
import * as v from 'valibot';
import { OrderId, text } from '../../../contracts/values.ts';
import {
  Account,
  type Answer,
  answer,
  answerOnce,
  body,
  createAdmission,
  cursor,
  type DoorUnit,
  idempotent,
  Limit,
  Moment,
  page,
  param,
  problem,
  query,
  refusal,
} from '../../../http/index.ts';
import { type Database, newId, type Sql, type Unit } from '../../../outbox/index.ts';
import type { Addresses } from './addresses.ts';
import { mailOf, masked, payloadOf } from './content.ts';
import {
  deleteEndpoint,
  enableEndpoint,
  findEndpoint,
  findSecrets,
  insertEndpoint,
  listEndpoints,
  maxEndpoints,
  rotateSecret,
} from './endpoints.ts';
import * as docs from './http.docs.ts';
import { faultOf } from './post.ts';
import {
  deliverAgain,
  findDelivery,
  listDeliveries,
  listNotices,
  type Obstacle,
  replay,
  unheard,
} from './replays.ts';
import { keptDays } from './retention.ts';
import { newSecret, printOf } from './signing.ts';

/** Of one replay; who missed more asks again. */
const maxReplayed = 1_000;

const Id = v.pipe(v.string(), v.uuid('must be a UUID'), v.toLowerCase());
const ById = v.object({ id: Id });
const By = v.strictObject(Account);

/** Without a user, which would be sent along. What it may reach is looked at when it is connected to. */
const WebhookUrl = v.pipe(
  v.string(),
  v.maxLength(2_000),
  v.check(
    (value) =>
      URL.canParse(value) &&
      /^https?:\/\//i.test(value) &&
      !new URL(value).username &&
      !new URL(value).password &&
      !value.includes('#'),
    'must be an http or https address without user and fragment',
  ),
  v.transform((value) => new URL(value).href),
  v.maxLength(2_000, 'must be at most 2000 characters'),
);

const Register = v.strictObject({ ...Account, url: WebhookUrl, description: v.optional(text(500)) });

const Missed = v.strictObject({
  ...Account,
  since: v.pipe(
    Moment,
    v.check(
      (since) => Date.now() - since.getTime() < keptDays * 86_400_000,
      `must be within the last ${keptDays} days: of what was before nobody knows whether it was delivered`,
    ),
  ),
  until: v.optional(Moment),
});

const ListDeliveries = v.strictObject({
  orderId: v.optional(OrderId),
  endpointId: v.optional(Id),
  state: v.optional(v.picklist(['pending', 'delivered', 'failed'])),
  limit: Limit,
  after: cursor(Id),
});

const ListNotices = v.strictObject({ limit: Limit, after: cursor(OrderId) });

const obstacles: Readonly<Record<Obstacle, string>> = {
  'in hand': 'An attempt is under way.',
  disabled: 'Its endpoint is disabled or deleted.',
  'no mail': 'No mail is sent: SMTP_URL is not set.',
};

export function createNoticeRoutes(context: {
  readonly database: Database;
  readonly unit: DoorUnit;
  readonly addresses: Addresses;
  /** Whether mail is sent. */
  readonly mails: boolean;
  /** Called when there is something to deliver. */
  readonly wake: () => void;
  /** Told of what an administrator does, with who and why. */
  readonly onAction: (action: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly budgetMs?: number | undefined;
}): Hono {
  const { database, unit, addresses, mails, wake, onAction, budgetMs } = context;
  const routes = new Hono().basePath('/admin/order');
  const admitted = createAdmission({ budgetMs });

  routes.post('/webhooks', docs.registerWebhook, body(Register), admitted, idempotent, (c) => {
    const { by, reason, url, description = '' } = c.req.valid('json');
    const fault = faultOf(addresses, new URL(url));
    if (fault) return problem(c, 'invalid_body', { errors: [{ pointer: '/url', detail: fault.message }] });
    const secret = newSecret();
    const insert = async ({ sql, onCommit }: Unit) => {
      const endpoint = await insertEndpoint(sql, { id: newId(), url, description, secret });
      if (!endpoint)
        return refusal(problem(c, 'too_many_endpoints', { detail: `There may be ${maxEndpoints}.` }));
      onCommit(() => onAction('webhook registered', { by, reason, endpoint: endpoint.id }));
      const kept = { ...endpoint, secret: printOf(secret) };
      return answer(201, kept, `/admin/order/webhooks/${endpoint.id}`);
    };
    return answerOnce(c, unit, insert, withSecret);
  });

  routes.get('/webhooks', docs.listWebhooks, admitted, async (c) =>
    c.json({ data: await database.query(listEndpoints, c.get('limits')), nextCursor: null }),
  );

  routes.get('/webhooks/:id', docs.findWebhook, param(ById), admitted, async (c) => {
    const { id } = c.req.valid('param');
    const endpoint = await database.query((sql) => findEndpoint(sql, id), c.get('limits'));
    return endpoint ? c.json(endpoint) : noEndpoint(c, id);
  });

  routes.delete('/webhooks/:id', docs.deleteWebhook, param(ById), query(By), admitted, async (c) => {
    const { id } = c.req.valid('param');
    const deleted = await database.query((sql) => deleteEndpoint(sql, id), c.get('limits'));
    if (!deleted) return noEndpoint(c, id);
    onAction('webhook deleted', { ...c.req.valid('query'), endpoint: id });
    return c.body(null, 204);
  });

  routes.post(
    '/webhooks/:id/rotate',
    docs.rotateWebhook,
    param(ById),
    body(By),
    admitted,
    idempotent,
    (c) => {
      const { id } = c.req.valid('param');
      const account = c.req.valid('json');
      const secret = newSecret();
      const replace = async ({ sql, onCommit }: Unit) => {
        const endpoint = await rotateSecret(sql, id, secret);
        if (!endpoint) return refusal(noEndpoint(c, id));
        onCommit(() => onAction('webhook secret rotated', { ...account, endpoint: id }));
        return answer(200, { ...endpoint, secret: printOf(secret) });
      };
      return answerOnce(c, unit, replace, withSecret);
    },
  );

  routes.post(
    '/webhooks/:id/enable',
    docs.enableWebhook,
    param(ById),
    body(By),
    admitted,
    idempotent,
    (c) => {
      const { id } = c.req.valid('param');
      const account = c.req.valid('json');
      return answerOnce(c, unit, async ({ sql, onCommit }) => {
        const endpoint = await enableEndpoint(sql, id);
        if (!endpoint) return refusal(noEndpoint(c, id));
        onCommit(() => onAction('webhook enabled', { ...account, endpoint: id }));
        return answer(200, endpoint);
      });
    },
  );

  routes.post(
    '/webhooks/:id/replay',
    docs.replayWebhook,
    param(ById),
    body(Missed),
    admitted,
    idempotent,
    (c) => {
      const { id } = c.req.valid('param');
      const { by, reason, since, until = new Date() } = c.req.valid('json');
      return answerOnce(c, unit, async ({ sql, onCommit }) => {
        const endpoint = await findEndpoint(sql, id);
        if (!endpoint) return refusal(noEndpoint(c, id));
        if (!endpoint.enabled) return refusal(notReplayed(c, 'disabled'));
        const missed = await unheard(sql, { endpointId: id, since, until, limit: maxReplayed });
        await deliverAgain(
          sql,
          id,
          missed.map((orderId) => ({ id: newId(), orderId })),
        );
        onCommit(wake);
        onCommit(() =>
          onAction('webhook replayed', { by, reason, endpoint: id, since, until, deliveries: missed.length }),
        );
        return answer(202, { deliveries: missed.length, more: missed.length === maxReplayed });
      });
    },
  );

  routes.get('/deliveries', docs.listDeliveries, query(ListDeliveries), admitted, async (c) => {
    const { limit, ...filter } = c.req.valid('query');
    const deliveries = await database.query(
      (sql) => listDeliveries(sql, { ...filter, limit: limit + 1 }),
      c.get('limits'),
    );
    return c.json(page(deliveries, limit, ({ id }) => id));
  });

  routes.get('/deliveries/:id', docs.findDelivery, param(ById), admitted, async (c) => {
    const { id } = c.req.valid('param');
    const delivery = await database.transaction((sql) => findDelivery(sql, id), c.get('limits'));
    return delivery ? c.json(delivery) : noDelivery(c, id);
  });

  routes.post(
    '/deliveries/:id/replay',
    docs.replayDelivery,
    param(ById),
    body(By),
    admitted,
    idempotent,
    (c) => {
      const { id } = c.req.valid('param');
      const account = c.req.valid('json');
      return answerOnce(c, unit, async ({ sql, onCommit }) => {
        const outcome = await replay(sql, id, mails);
        if (outcome === undefined) return refusal(noDelivery(c, id));
        if (outcome !== 'replayed') return refusal(notReplayed(c, outcome));
        onCommit(wake);
        onCommit(() => onAction('delivery replayed', { ...account, delivery: id }));
        const delivery = await findDelivery(sql, id);
        return delivery ? answer(202, delivery) : refusal(noDelivery(c, id));
      });
    },
  );

  routes.get('/notices', docs.listNotices, query(ListNotices), admitted, async (c) => {
    const { limit, after } = c.req.valid('query');
    const notices = await database.query(
      (sql) => listNotices(sql, { after, limit: limit + 1 }),
      c.get('limits'),
    );
    const { data, nextCursor } = page(notices, limit, ({ orderId }) => orderId);
    return c.json({
      data: data.map(({ toldAt, email, ...told }) => {
        const { subject, text } = mailOf(told);
        return {
          orderId: told.orderId,
          toldAt,
          webhook: payloadOf(told),
          email: email === null ? null : { to: masked(email), subject, text },
        };
      }),
      nextCursor,
    });
  });

  return routes;
}

/** An answer that holds the print of a secret, with the secret: as long as it signs, also to who has not heard it the first time. */
async function withSecret(sql: Sql, kept: Answer): Promise<Answer> {
  if (kept.status >= 400) return kept;
  const { secret: print, ...endpoint } = JSON.parse(kept.body) as { id: string; secret: string };
  const secret = (await findSecrets(sql, endpoint.id)).find((known) => printOf(known) === print);
  return { ...kept, body: JSON.stringify({ ...endpoint, secret }) };
}

const noEndpoint = (c: Context, id: string) =>
  problem(c, 'endpoint_not_found', { detail: `No endpoint has the id ${id}.` });

const noDelivery = (c: Context, id: string) =>
  problem(c, 'delivery_not_found', { detail: `No delivery has the id ${id}.` });

const notReplayed = (c: Context, obstacle: Obstacle) =>
  problem(c, 'not_replayable', { detail: obstacles[obstacle] });
