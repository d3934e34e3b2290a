/**
 * Requests that are safe to send again: who sends an `Idempotency-Key` gets one effect and the same answer, however often it asks.
 * The idea and its words are those of the IETF draft "The Idempotency-Key HTTP Header Field" and of Stripe's API.
 */
import { createHash } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Sql, Unit } from '../outbox/index.ts';
import type { Admitted, DoorUnit } from './admission.ts';
import { subjectOf } from './guard.ts';
import { type Answer, type Asked, keepAnswer, type Taken, takeKeys } from './idempotency-store.ts';
import { headerParameter, noted } from './operation.ts';
import { problem, problemContentType } from './problem.ts';

/** As long as any client makes them; they are stored. */
const validKey = /^(?:[!#-~]{1,255}|"[!#-~]{1,255}")$/;

/** What a request is let in with. */
export interface Idempotent {
  readonly Variables: Admitted['Variables'] & {
    /** Undefined: it came without a key, and every time is another time. */
    readonly asked?: Asked;
  };
}

/** Reads the key. It stands after what validates the body: a request that is not valid does not use up its key. */
const readKey: MiddlewareHandler<Idempotent> = async (c, next) => {
  const header = c.req.header('idempotency-key');
  if (header === undefined) return next();
  if (!validKey.test(header))
    return problem(c, 'invalid_idempotency_key', {
      detail: 'Send 1 to 255 visible ASCII characters, bare or in double quotes.',
    });
  c.set('asked', {
    scope: `${callerOf(c)} ${c.req.method} ${routePath(c, -1)}`,
    key: header.replace(/^"|"$/g, ''),
    fingerprint: fingerprintOf(c.req.path, c.req.valid('json' as never)),
  });
  return next();
};

export const idempotent = noted(readKey, {
  parameters: [
    headerParameter({
      name: 'Idempotency-Key',
      description:
        'Your own name for this request: however often it comes, it has one effect, and everybody gets the first answer. Kept for a day.',
      example: '0b8a2d5e',
    }),
  ],
  'x-headers': ['Idempotent-Replayed'],
  'x-problems': ['invalid_idempotency_key', 'idempotency_key_reused', 'request_in_progress'],
});

/** Whose keys these are: where nobody is authenticated, they are everybody's. */
const callerOf = (c: Context) => subjectOf(c) ?? 'anyone';

/** The same for the same request, whatever its white space and the order of its properties: that of what was validated is its schema's. */
const fingerprintOf = (path: string, body: unknown) =>
  createHash('sha256')
    .update(`${path}\n${JSON.stringify(body)}`)
    .digest('base64url');

/** An answer that may be kept: a success, or a refusal that is the business's own. */
export const answer = (
  status: ContentfulStatusCode,
  body: object,
  location: string | null = null,
): Answer => ({
  status,
  location,
  body: JSON.stringify(body),
});

/** The same of a problem. */
export const refusal = async (response: Response): Promise<Answer> => ({
  status: response.status,
  location: null,
  body: await response.text(),
});

/**
 * Does `work` in one transaction and gives its answer; with a key, once: whoever comes again gets the first answer. What `work` throws
 * undoes everything, the key included. `fill` puts into an answer what must not be kept with it, in the same transaction, the first
 * time and every other.
 */
export async function answerOnce(
  c: Context<Idempotent>,
  unit: DoorUnit,
  work: (open: Unit) => Promise<Answer>,
  fill: (sql: Sql, kept: Answer) => Promise<Answer> = async (_, kept) => kept,
): Promise<Response> {
  const asked = c.get('asked');
  const taken = await unit.run(async (open): Promise<Taken | { readonly now: Answer }> => {
    const [known = 'new'] = asked ? await takeKeys(open.sql, [asked]) : [];
    if (known !== 'new')
      return known === 'reused' ? known : { answered: await fill(open.sql, known.answered) };
    const now = await work(open);
    if (asked) await keepAnswer(open.sql, asked, now);
    return { now: await fill(open.sql, now) };
  }, c.get('limits'));
  return typeof taken === 'object' && 'now' in taken ? give(c, taken.now) : giveAgain(c, taken);
}

/** Gives an answer as it is kept. */
export function give(c: Context, { status, location, body }: Answer): Response {
  if (location !== null) c.header('location', location);
  return c.body(body, status as ContentfulStatusCode, {
    'content-type': status < 400 ? 'application/json' : problemContentType,
  });
}

/** Answers a request that is not new. */
export function giveAgain(c: Context, taken: Taken): Response {
  if (typeof taken !== 'object')
    return problem(c, 'idempotency_key_reused', {
      detail: 'It came with another path or another body before.',
    });
  c.header('idempotent-replayed', 'true');
  return give(c, taken.answered);
}
