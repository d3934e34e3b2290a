/** What is to happen in the runs of a test, so that none of it goes unproved. */
import { forgetful, type Weather } from './weather.ts';

/** Faults, acts of people, and ends. */
const faults: Readonly<Record<Exclude<keyof Weather, 'delayed' | 'operator'>, true>> = {
  connectionLost: true,
  commitUnheard: true,
  publishLost: true,
  confirmLost: true,
  publishRefused: true,
  packetTwice: true,
  packetOvertakes: true,
  handlerFails: true,
  callLost: true,
  callLate: true,
  answerLost: true,
  packetForgotten: true,
  crash: true,
  brokerAway: true,
  wipe: true,
  cancel: true,
};
export const everything: readonly string[] = [
  ...Object.keys(faults),
  'parked',
  'dead',
  'redriven',
  'discarded',
  'confirmed',
  'rejected',
  'cancelled',
].sort();

/** What happens only where the broker forgets: also what a person gives up then. */
export const forgotten: readonly string[] = [...forgetful, 'discarded'];

/** What of everything has happened in at least one of fifty runs; in a few runs, at all. */
export function commonly(counts: ReadonlyMap<string, number>, runs: number): readonly string[] {
  return everything.filter((what) => runs < 1_000 || (counts.get(what) ?? 0) >= runs / 50);
}
