/**
 * One order's journey, the whole of it. The table is data; `advance` steps through it.
 *
 * Entering a step sends its command; a status sends its news (`order.confirmed`, `order.rejected`, `order.cancelled`).
 * Payment authorization is the pivot: what comes before it can be undone, what comes after it is repeated until it succeeds.
 */

/** Where the saga stands. */
export type Step = 'reserving_stock' | 'authorizing_payment' | 'voiding_payment' | 'releasing_stock' | 'done';
/** What the customer is told. */
export type Status = 'pending' | 'confirmed' | 'rejected' | 'cancelled';
/** What can move an order: a reply, the customer (`cancel`), or too many unanswered commands (`gave_up`). */
export type Trigger = (typeof replies)[number] | 'cancel' | 'gave_up';

export const replies = [
  'stock.reserved',
  'stock.rejected',
  'stock.released',
  'payment.authorized',
  'payment.declined',
  'payment.voided',
] as const;

/** The command that a step sends on entry, and again whenever its deadline passes. A step that undoes never gives up. */
export const steps = {
  reserving_stock: { command: 'stock.reserve', undoes: false },
  authorizing_payment: { command: 'payment.authorize', undoes: false },
  voiding_payment: { command: 'payment.void', undoes: true },
  releasing_stock: { command: 'stock.release', undoes: true },
} as const;

type Rule = readonly [step: Step, trigger: Trigger, next: Step, status?: Status];

const rules: readonly Rule[] = [
  // step                 trigger               next step              status becomes
  ['reserving_stock', 'stock.reserved', 'authorizing_payment'],
  ['reserving_stock', 'stock.rejected', 'done', 'rejected'],
  ['reserving_stock', 'cancel', 'releasing_stock', 'cancelled'],
  ['reserving_stock', 'gave_up', 'releasing_stock', 'rejected'],
  ['authorizing_payment', 'payment.authorized', 'done', 'confirmed'],
  ['authorizing_payment', 'payment.declined', 'releasing_stock', 'rejected'],
  ['authorizing_payment', 'cancel', 'voiding_payment', 'cancelled'],
  ['authorizing_payment', 'gave_up', 'voiding_payment', 'rejected'],
  ['voiding_payment', 'payment.voided', 'releasing_stock'],
  ['releasing_stock', 'stock.released', 'done'],
];

/**
 * Replies that nothing this order has sent can have provoked: a fault to be looked at. Every other reply without a rule is
 * late, or a duplicate: it answers a command that was sent twice, or one that a later step has overtaken.
 */
const impossible: Readonly<Record<Exclude<Step, 'done'> | 'confirmed' | 'undone', readonly Trigger[]>> = {
  reserving_stock: ['stock.released', 'payment.authorized', 'payment.declined', 'payment.voided'],
  authorizing_payment: ['stock.rejected', 'stock.released', 'payment.voided'],
  voiding_payment: ['stock.rejected'],
  releasing_stock: [],
  confirmed: ['stock.rejected', 'stock.released', 'payment.declined', 'payment.voided'],
  undone: [],
};

export interface Position {
  readonly step: Step;
  readonly status: Status;
}

/** Where a trigger leads from here. `late`: to be recorded and ignored. `impossible`: a fault for a person. */
export function advance({ step, status }: Position, trigger: Trigger): Position | 'late' | 'impossible' {
  const rule = rules.find((candidate) => candidate[0] === step && candidate[1] === trigger);
  if (rule) return { step: rule[2], status: rule[3] ?? status };
  const place = step === 'done' ? (status === 'confirmed' ? 'confirmed' : 'undone') : step;
  return impossible[place].includes(trigger) ? 'impossible' : 'late';
}
