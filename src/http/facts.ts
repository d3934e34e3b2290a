/** What a module states about itself, for who compares them, and the comparison where all of them are. */
import { Hono } from 'hono';
import * as v from 'valibot';
import type { ReadFacts, Scope } from '../contracts/facts.ts';
import { OrderId } from '../contracts/values.ts';
import { auditOperation, factsOperation } from './facts.docs.ts';
import { ndjson } from './ndjson.ts';
import { problem } from './problem.ts';
import { query } from './validate.ts';

/** A snapshot keeps a connection for as long as it is read: the others are for the module's work. */
const maxReaders = 2;
/** More ids make a URL that proxies refuse. */
const maxIds = 100;
const maxGraceSeconds = 86_400;

/** The last line: a stream without it was cut off. */
export const factsEnd = '{"fact":"end"}';

const factsRoute = (module: string) => `/admin/${module}/facts`;

/** Where a module's facts are, relative to where it serves. */
export function factsPath(module: string, { orderIds, products }: Scope): string {
  const asked = new URLSearchParams({ products: products ? '1' : '0' });
  if (orderIds !== 'all') asked.set('orderIds', orderIds.join(','));
  return `.${factsRoute(module)}?${asked}`;
}

const AskFacts = v.strictObject({
  orderIds: v.optional(
    v.pipe(
      v.string(),
      v.description(`Of these orders only: at most ${maxIds}, with commas between.`),
      v.transform((text) => (text === '' ? [] : text.split(','))),
      v.array(OrderId),
      v.maxLength(maxIds, `must be at most ${maxIds} ids`),
    ),
  ),
  products: v.optional(
    v.pipe(v.picklist(['0', '1'], 'must be 0 or 1'), v.description('`0`: without those about products.')),
    '1',
  ),
});

const AskAudit = v.strictObject({
  graceSeconds: v.optional(
    v.pipe(
      v.string(),
      v.metadata({ description: 'How long the modules may differ.', type: 'number', minimum: 0 }),
      v.transform(Number),
      v.number('must be a number'),
      v.minValue(0),
      v.maxValue(maxGraceSeconds),
    ),
  ),
});

/** `/admin/{module}/facts`. */
export function factsRoutes(module: string, readFacts: ReadFacts): Hono {
  let readers = 0;
  return new Hono().get(factsRoute(module), factsOperation(module), query(AskFacts), async (c) => {
    const { orderIds = 'all', products } = c.req.valid('query');
    if (readers >= maxReaders) {
      c.header('retry-after', '5');
      return problem(c, 'facts_busy', {
        detail: `At most ${maxReaders} read them at once.`,
      });
    }
    readers += 1;
    return ndjson(c, async (write) => {
      try {
        await readFacts({ orderIds, products: products === '1' }, async (facts) => {
          for await (const portion of facts) await write(portion.map((fact) => JSON.stringify(fact)));
          await write([factsEnd]);
        });
      } finally {
        readers -= 1;
      }
    });
  });
}

/** `/admin/audit`. `graceSeconds` undefined: its default. */
export function auditRoutes(
  audit: (asked: { graceSeconds: number | undefined; signal: AbortSignal }) => Promise<object>,
): Hono {
  let running = false;
  return new Hono().get('/admin/audit', auditOperation, query(AskAudit), async (c) => {
    if (running) return problem(c, 'audit_running', { detail: 'One at a time: it reads everything.' });
    running = true;
    const { signal } = c.req.raw;
    try {
      const { graceSeconds } = c.req.valid('query');
      return c.json(await audit({ graceSeconds, signal }));
    } catch (error) {
      if (!signal.aborted) throw error;
      return problem(c, 'audit_ended', { detail: 'Who asked for it has gone.' });
    } finally {
      running = false;
    }
  });
}
