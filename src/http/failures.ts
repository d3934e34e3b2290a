/** The operator's doors to a module's messages: what waits to be sent, what could not be handled, and what is to become of it. */
import { Hono } from 'hono';
import * as v from 'valibot';
import { text } from '../contracts/values.ts';
import type { FailureSelection, Failures, Overview } from '../outbox/index.ts';
import { createAdmission, type DoorUnit } from './admission.ts';
import { messagingOperations } from './failures.docs.ts';
import { subjectOf } from './guard.ts';
import { answer, answerOnce, idempotent } from './idempotency.ts';
import { problem } from './problem.ts';
import { body, param } from './validate.ts';

const maxIds = 1_000;
const maxReasonLength = 500;

/** Who does it and why: written to the log, so that the next operator knows. */
export const Account = { by: text(100), reason: text(maxReasonLength) };

const Id = v.pipe(v.string(), v.uuid('must be a UUID'), v.toLowerCase());
const Ids = v.pipe(v.array(Id), v.minLength(1, 'must name at least one'), v.maxLength(maxIds));
/** As it is listed, line breaks included; PostgreSQL's text has no NUL. */
const Listed = (maxLength: number) =>
  v.pipe(
    v.string(),
    v.maxLength(maxLength),
    v.check((value) => !value.includes('\u0000'), 'must not hold a NUL'),
  );
const Group = v.strictObject({ type: v.nullable(Listed(500)), error: Listed(1_000) });
const Action = v.union(
  [
    v.strictObject({ ...Account, ids: Ids }),
    v.strictObject({ ...Account, group: Group }),
    v.strictObject({ ...Account, all: v.literal(true) }),
  ],
  'must be {by, reason} and one of ids, group {type, error} as it is listed, or all: true',
);

/** Never shown, also not to operators: what pays, and whom a mail would reach. */
const secrets = new Set(['paymentToken', 'email']);

export interface MessagingDoors {
  readonly module: string;
  readonly unit: DoorUnit;
  readonly overview: Overview;
  readonly failures: Pick<Failures, 'redrive' | 'discard'>;
  /** Told of every action, with who and why. */
  readonly onAction: (action: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly budgetMs?: number | undefined;
}

/** `/admin/{module}/outbox` and `/admin/{module}/failures`. */
export function messagingRoutes(doors: MessagingDoors): Hono {
  const { module, unit, overview, failures, onAction, budgetMs } = doors;
  const admitted = createAdmission({ budgetMs });
  const routes = new Hono().basePath(`/admin/${module}`);
  const docs = messagingOperations(module);

  routes.get('/outbox', docs.outbox, async (c) => {
    const data = await overview.waiting();
    const { outboxMessages, outboxOldestSeconds } = await overview.levels();
    return c.json({ messages: outboxMessages, oldestSeconds: outboxOldestSeconds, data });
  });

  routes.get('/failures', docs.failures, async (c) =>
    c.json({ data: await overview.failureGroups(), nextCursor: null }),
  );

  routes.get('/failures/:id', docs.failure, param(v.object({ id: Id })), async (c) => {
    const { id } = c.req.valid('param');
    const failure = await overview.failure(id);
    if (!failure) return problem(c, 'failure_not_found', { detail: `No failure has the id ${id}.` });
    return c.json({ ...failure, message: masked(failure.message) });
  });

  for (const name of ['redrive', 'discard'] as const)
    routes.post(`/failures/${name}`, docs[name], body(Action), admitted, idempotent, async (c) => {
      const { by, reason, ...what } = c.req.valid('json');
      const selection: FailureSelection = 'all' in what ? 'all' : what;
      const ids = await overview.select(selection);
      return answerOnce(c, unit, async ({ sql, onCommit }) => {
        const done = await failures[name](ids, sql);
        onCommit(() =>
          onAction(`failures ${name}`, {
            module,
            by,
            subject: subjectOf(c),
            reason,
            failures: done,
            ...what,
          }),
        );
        return answer(200, { failures: done });
      });
    });

  return routes;
}

/** A message as it may be shown. What is no message, or was too long to be kept whole, is text. */
function masked(message: unknown): unknown {
  if (typeof message === 'string')
    return message.replaceAll(/"(paymentToken|email)"\s*:\s*"(\\.|[^"\\])*"?/g, '"$1":"***"');
  return JSON.parse(
    JSON.stringify(message, (name, value) => (secrets.has(name) && value != null ? '***' : value)),
  );
}
