/** Whose orders are whose: a customer sees and changes its own only. */
import type { Context } from 'hono';
import { customerOf, forbidden } from '../../http/index.ts';

/** Whether who asks may see and change what is this customer's. */
export function isTheirs(c: Context, customerId: string): boolean {
  const own = customerOf(c);
  return own === undefined || own === customerId;
}

/** 403: for another customer. */
export const forOthers = (c: Context) => forbidden(c, 'admin', 'A customer has orders of its own only.');
