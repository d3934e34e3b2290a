/** What may go wrong, and how likely it is: rates from 0 to 1, each of one thing that is done. */
import type { Chance } from './chance.ts';

export interface Weather {
  /** Anything that crosses a wire waits, for as long as the run likes. */
  readonly delayed: number;
  /** A statement or transaction never happens: the connection was lost before it, or in the middle. */
  readonly connectionLost: number;
  /** A transaction is committed, and nobody is told. */
  readonly commitUnheard: number;
  readonly publishLost: number;
  /** A packet arrives, and nobody is told. */
  readonly confirmLost: number;
  readonly publishRefused: number;
  /** A packet is in the queue twice. */
  readonly packetTwice: number;
  /** A packet is taken from the middle of the queue. */
  readonly packetOvertakes: number;
  /** Handling a message throws, once or for good. */
  readonly handlerFails: number;
  /** The card processor is not reached: now, or not at all. */
  readonly callLost: number;
  readonly callLate: number;
  /** Money moves, and nobody is told. */
  readonly answerLost: number;
  /** The broker confirms a packet and forgets it. */
  readonly packetForgotten: number;

  /** How often, in steps: a process is killed; the broker goes away and comes back; it forgets everything; a customer cancels. */
  readonly crash: number;
  readonly brokerAway: number;
  readonly wipe: number;
  readonly cancel: number;
  /** A person decides about dead failures. */
  readonly operator: number;
}

/** What the broker that is faithful never does. */
export const forgetful = ['packetForgotten', 'wipe'] as const;

/** How likely each is where it happens at all. */
const stormy: Weather = {
  delayed: 0.2,
  connectionLost: 0.08,
  commitUnheard: 0.08,
  publishLost: 0.15,
  confirmLost: 0.15,
  publishRefused: 0.15,
  packetTwice: 0.2,
  packetOvertakes: 0.5,
  handlerFails: 0.1,
  callLost: 0.25,
  callLate: 0.25,
  answerLost: 0.25,
  packetForgotten: 0.15,
  crash: 0.06,
  brokerAway: 0.03,
  wipe: 0.03,
  cancel: 0.06,
  operator: 0.05,
};

const names = Object.keys(stormy) as (keyof Weather)[];

/** Nothing goes wrong. */
export const fair = Object.fromEntries(names.map((name) => [name, 0])) as unknown as Weather;

/**
 * Draws the weather of a run: each thing is left out, rare or common. Runs that leave things out reach what runs of everything do
 * not ("swarm testing", Groce and others, ISSTA 2012).
 */
export function drawWeather(chance: Chance, without: readonly (keyof Weather)[] = []): Weather {
  return Object.fromEntries(
    names.map((name) => {
      const strength = chance.pick([0, 0.4, 1]);
      return [name, without.includes(name) ? 0 : stormy[name] * strength];
    }),
  ) as unknown as Weather;
}
