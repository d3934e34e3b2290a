/** Who is let in, and for how long: before the database, not in its queue. */
import type { MiddlewareHandler } from 'hono';
import type { Limits, Sql, Unit } from '../outbox/index.ts';
import { noted } from './operation.ts';
import { comeAgain } from './problem.ts';

/**
 * Requests of one module that may use its database or wait for it. At 1,000 orders a second, what two cores can do, the last of
 * them has its answer in a second, within its budget; the next one would only make all of them wait longer.
 */
const defaultMaxInHand = 1_000;
/**
 * What the database may take of a request that has arrived whole. With the 0.3 s for which a commit is waited for, everybody has
 * an answer within 2 s: for longer people do not wait, and programs try again.
 */
const defaultBudgetMs = 1_500;

/** What a request is let in with. */
export interface Admitted {
  readonly Variables: {
    /** To be handed to whatever asks the database. */
    readonly limits: Required<Limits>;
    /** Waits for something that is not the database: meanwhile the request does not count, and after it it has all of its time again. */
    readonly aside: <T>(wait: () => Promise<T>) => Promise<T>;
  };
}

/** A database as a door has it: it cannot be asked without a deadline. */
export interface DoorDatabase {
  query<T>(statement: (sql: Sql) => Promise<T>, limits: Required<Limits>): Promise<T>;
  transaction<T>(work: (sql: Sql) => Promise<T>, limits: Required<Limits>): Promise<T>;
}

/** The same of a unit of work. */
export interface DoorUnit {
  run<T>(work: (unit: Unit) => Promise<T>, limits: Required<Limits>): Promise<T>;
}

/**
 * Makes what stands between a route's schemas and its handler: a request comes in when all of it is there, gets its deadline, and
 * counts until it is answered. One too many is a 503 at once.
 */
export function createAdmission(
  options: { readonly maxInHand?: number; readonly budgetMs?: number | undefined } = {},
): MiddlewareHandler<Admitted> {
  const { maxInHand = defaultMaxInHand, budgetMs = defaultBudgetMs } = options;
  let inHand = 0;
  const admitted: MiddlewareHandler<Admitted> = async (c, next) => {
    if (inHand >= maxInHand) {
      return comeAgain(c, 'too_many_requests_at_once', 'This one was not begun. Try again.');
    }
    const comeIn = () => {
      inHand += 1;
      c.set('limits', { deadlineMs: performance.now() + budgetMs });
    };
    comeIn();
    c.set('aside', async (wait) => {
      inHand -= 1;
      try {
        return await wait();
      } finally {
        comeIn();
      }
    });
    try {
      return await next();
    } finally {
      inHand -= 1;
    }
  };
  return noted(admitted, { 'x-problems': ['too_many_requests_at_once', 'unavailable'] });
}
