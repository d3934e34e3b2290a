/** The simulated card processor as a server: it speaks the contract of README.md, shows its ledger and takes faults. */
import { type Context, Hono } from 'hono';
import * as v from 'valibot';
import { OrderId } from '../../../contracts/values.ts';
import { body, cursor, Limit, page, problem, query } from '../../../http/index.ts';
import { type Operation, operations } from '../payment.ts';
import { paths, requests } from './contract.ts';
import { createFaults, faultKinds } from './faults.ts';
import type { Call } from './gateway.ts';
import { ledgerInMemory } from './ledger.ts';
import { CallFailed, createSimulatedGateway } from './simulated.ts';

/** Longer than any caller waits. One that never hangs up must not be held for ever. */
const maxSilenceMs = 60_000;

const Times = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1), v.maxValue(1_000_000));
const NewFault = v.strictObject({
  kind: v.picklist(faultKinds),
  operation: v.optional(v.picklist(operations)),
  orderId: v.optional(OrderId),
  times: v.optional(Times, 1),
  delayMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(maxSilenceMs)), 1_000),
});
const Seq = v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,8}$/));
const ListLedger = v.strictObject({ orderId: v.optional(OrderId), limit: Limit, after: cursor(Seq) });

/** `token`: who does not show it as a bearer token is sent away; undefined: everybody is served. */
export function createGatewaySimulator(token?: string): Hono {
  const ledger = ledgerInMemory();
  const faults = createFaults();
  const gateway = createSimulatedGateway(ledger, faults);
  const routes = new Hono();

  routes.use(async (c, next) => {
    if (token !== undefined && c.req.header('authorization') !== `Bearer ${token}`)
      return problem(c, 'token_needed');
    return next();
  });

  routes.post(`/${paths.authorize}`, body(requests.authorize), (c) => {
    const { paymentToken, ...wish } = c.req.valid('json');
    return answer(c, 'authorize', wish, async (call, signal) => {
      const outcome = await gateway.authorize({ ...call, paymentToken }, signal);
      return outcome.approved
        ? { outcome: 'approved' }
        : { outcome: 'declined', declineCode: outcome.declineCode };
    });
  });
  routes.post(`/${paths.capture}`, body(requests.capture), (c) =>
    answer(c, 'capture', c.req.valid('json'), async (call, signal) => {
      await gateway.capture(call, signal);
      return { outcome: 'captured' };
    }),
  );
  routes.post(`/${paths.void}`, body(requests.void), (c) =>
    answer(c, 'void', c.req.valid('json'), async (call, signal) => {
      await gateway.void(call, signal);
      return { outcome: 'voided' };
    }),
  );

  routes.get('/ledger', query(ListLedger), (c) => {
    const { orderId, limit, after } = c.req.valid('query');
    const before = after === undefined ? undefined : Number(after);
    return c.json(page(ledger.list({ orderId, before, limit: limit + 1 }), limit, ({ seq }) => String(seq)));
  });

  routes.get('/faults', (c) => c.json({ data: faults.list() }));
  routes.post('/faults', body(NewFault), (c) => {
    const { operation = null, orderId = null, ...fault } = c.req.valid('json');
    if (!faults.add({ operation, orderId, ...fault }))
      return problem(c, 'too_many_faults', { detail: 'DELETE /faults forgets them.' });
    return c.body(null, 204);
  });
  routes.delete('/faults', (c) => {
    faults.clear();
    return c.body(null, 204);
  });

  return routes;
}

/** Carries a call out and answers as the contract says; it ends when the caller hangs up. */
async function answer(
  c: Context,
  operation: Operation,
  { orderId, amount, currency }: Omit<Call, 'key'>,
  carryOut: (call: Call, signal: AbortSignal) => Promise<object>,
): Promise<Response> {
  const key = `${operation}:${orderId}`;
  if (c.req.header('idempotency-key') !== key)
    return problem(c, 'invalid_idempotency_key', { detail: 'It is operation:orderId.' });
  const ending = new AbortController();
  const end = () => ending.abort();
  c.req.raw.signal.addEventListener('abort', end, { once: true });
  const patience = setTimeout(end, maxSilenceMs);
  try {
    const outcome = await carryOut({ key, orderId, amount, currency }, ending.signal);
    return c.json({ key, amount, currency, ...outcome });
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return problem(c, error.refused ? 'call_refused' : 'call_failed', { detail: error.message });
  } finally {
    clearTimeout(patience);
  }
}
