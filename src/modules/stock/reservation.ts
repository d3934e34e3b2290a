/** The reservation: pure decisions. Takes all lines of an order or none; a reply says what the reservation is, however often it is asked. */
import type { Line, Reason } from '../../contracts/values.ts';

export interface Reservation {
  readonly orderId: string;
  readonly state: 'held' | 'committed' | 'released' | 'rejected';
  /** Empty for a tombstone: a release that came before its reserve. */
  readonly lines: readonly Line[];
  readonly reason: Reason | null;
}

/** What there is of a product, in units. */
export interface Level {
  readonly onHand: number;
  /** Promised to orders; never more than `onHand`. */
  readonly reserved: number;
}

export type Levels = ReadonlyMap<string, Level>;

/** What a message does: the reservation after it, the levels that change, and what is answered. */
export interface Decision {
  readonly reservation: Reservation;
  readonly levels: Levels;
  readonly reply: { readonly type: string; readonly data: unknown } | null;
}

const noLevels: Levels = new Map();

/** Holds the lines of an order, or rejects it. One that is there already answers as it is. */
export function reserve(
  orderId: string,
  known: Reservation | undefined,
  lines: readonly Line[],
  levels: Levels,
): Decision {
  if (known) return { reservation: known, levels: noLevels, reply: replyOf(known) };
  const reason = reasonToReject(lines, levels);
  const reservation: Reservation = { orderId, state: reason ? 'rejected' : 'held', lines, reason };
  const taken = reason
    ? noLevels
    : moved(lines, levels, (level, units) => ({ ...level, reserved: level.reserved + units }));
  return { reservation, levels: taken, reply: replyOf(reservation) };
}

/** Gives back what is held. One that comes before its reserve leaves a tombstone. A committed one cannot be given back. */
export function release(
  orderId: string,
  known: Reservation | undefined,
  levels: Levels,
): Decision | 'impossible' {
  const released = { type: 'stock.released', data: {} };
  switch (known?.state) {
    case undefined:
      return {
        reservation: { orderId, state: 'released', lines: [], reason: null },
        levels: noLevels,
        reply: released,
      };
    case 'held': {
      const back = moved(known.lines, levels, (level, units) => ({
        ...level,
        reserved: level.reserved - units,
      }));
      return { reservation: { ...known, state: 'released' }, levels: back, reply: released };
    }
    // Nothing was held: there is nothing to give back, and the rejection stays what it was.
    case 'released':
    case 'rejected':
      return { reservation: known, levels: noLevels, reply: released };
    case 'committed':
      return 'impossible';
  }
}

/** The order is confirmed: what is held leaves the warehouse. Nobody waits for an answer. */
export function commit(known: Reservation | undefined, levels: Levels): Decision | 'impossible' {
  if (known?.state === 'committed') return { reservation: known, levels: noLevels, reply: null };
  if (known?.state !== 'held') return 'impossible';
  const gone = moved(known.lines, levels, ({ onHand, reserved }, units) => ({
    onHand: onHand - units,
    reserved: reserved - units,
  }));
  return { reservation: { ...known, state: 'committed' }, levels: gone, reply: null };
}

/** A function of the reservation alone: asked again, it answers the same again. */
function replyOf({ state, reason }: Reservation): Decision['reply'] {
  switch (state) {
    case 'held':
    case 'committed':
      return { type: 'stock.reserved', data: {} };
    case 'rejected':
      return { type: 'stock.rejected', data: { reason } };
    case 'released':
      return { type: 'stock.released', data: {} };
  }
}

function reasonToReject(lines: readonly Line[], levels: Levels): Reason | null {
  // Lines that name the same product count together: Order's door refuses them, the message does not.
  const asked = new Map<string, number>();
  for (const { sku, quantity } of lines) {
    const level = levels.get(sku);
    if (!level) return { code: 'unknown_product', detail: `there is no product ${sku}` };
    const units = (asked.get(sku) ?? 0) + quantity;
    const available = level.onHand - level.reserved;
    if (available < units)
      return {
        code: 'out_of_stock',
        detail: `${units} of ${sku} were asked for, ${available} are available`,
      };
    asked.set(sku, units);
  }
  return null;
}

function moved(lines: readonly Line[], levels: Levels, move: (level: Level, units: number) => Level): Levels {
  const after = new Map<string, Level>();
  for (const { sku, quantity } of lines) {
    const level = after.get(sku) ?? levels.get(sku);
    if (!level) throw new Error(`the level of ${sku} was not loaded`);
    after.set(sku, move(level, quantity));
  }
  return after;
}
