/** What the simulated card processor is told to do wrong. */
import type { Operation } from '../payment.ts';

/** A test tells a handful; a script that forgets to clear them must not fill the memory. */
const maxFaults = 1_000;

export const faultKinds = [
  /** Does what it is asked and answers after `delayMs`. */
  'slow',
  /** Does nothing and says so. */
  'unavailable',
  /** Does nothing and does not answer: the request was lost. */
  'lost',
  /** Does what it is asked and does not answer: the answer was lost. */
  'silent',
  /** Does what it is asked when the caller has hung up. */
  'late',
] as const;

export interface Fault {
  readonly kind: (typeof faultKinds)[number];
  /** Only calls of this kind; null: of any. */
  readonly operation: Operation | null;
  /** Only calls for this order; null: for any. */
  readonly orderId: string | null;
  /** How many calls it still concerns. */
  readonly times: number;
  readonly delayMs: number;
}

export interface Faults {
  /** False: there are too many already. */
  add(fault: Fault): boolean;
  list(): readonly Fault[];
  clear(): void;
  /** The oldest fault that concerns such a call, counted as used. */
  take(operation: Operation, orderId: string): Fault | undefined;
}

export function createFaults(): Faults {
  const faults: Fault[] = [];
  return {
    add(fault) {
      if (faults.length >= maxFaults) return false;
      faults.push(fault);
      return true;
    },
    list: () => [...faults],
    clear: () => void faults.splice(0),
    take(operation, orderId) {
      const position = faults.findIndex(
        (fault) => (fault.operation ?? operation) === operation && (fault.orderId ?? orderId) === orderId,
      );
      const fault = faults[position];
      if (!fault) return undefined;
      if (fault.times > 1) faults[position] = { ...fault, times: fault.times - 1 };
      else faults.splice(position, 1);
      return fault;
    },
  };
}
