/** What everything in a simulated run shares: chance, time, the weather, what waits, and what has gone wrong. */
import { type Chance, createChance } from './chance.ts';
import { installVirtualTime } from './virtual-time.ts';
import type { Weather } from './weather.ts';

/** Somebody who may die, and whose waits die with them. */
export interface Mortal {
  readonly name: string;
  alive: boolean;
}

interface Wait {
  readonly owner: Mortal;
  readonly what: string;
  /** Then it goes on, but too late. */
  readonly latestMs: number;
  readonly goOn: (inTime: boolean) => void;
}

export interface World {
  readonly chance: Chance;
  weather: Weather;
  /** How often each thing has happened, to see that it does. */
  readonly counts: Map<string, number>;
  readonly violations: string[];
  readonly waits: readonly Wait[];
  nowMs(): number;
  advance(ms: number): void;
  settled(): Promise<void>;
  count(what: string): void;
  /** Something has happened that must not. */
  violate(what: string): void;
  /** Writes a line of the trace, if there is one. */
  note(line: () => string): void;
  /** A short name for an id: the same in every run of a seed. */
  alias(id: string): string;
  /**
   * Often resolves at once, sometimes when the run decides; false if that took longer than `limitMs`. Whoever has died waits for
   * ever.
   */
  pause(owner: Mortal, what: string, limitMs?: number): Promise<boolean> | true;
  /** Lets the wait at this place go on. */
  goOn(position: number): void;
  /** Ends a life: nothing of it goes on. */
  kill(owner: Mortal): void;
  end(): void;
}

export function createWorld(seed: number, weather: Weather, trace?: string[]): World {
  const chance = createChance(seed);
  const time = installVirtualTime(chance);
  const aliases = new Map<string, string>();
  let waits: Wait[] = [];

  const world: World = {
    chance,
    weather,
    counts: new Map(),
    violations: [],
    get waits() {
      return waits;
    },
    nowMs: () => time.elapsedMs(),
    settled: () => time.settled(),
    end: () => time.uninstall(),

    advance(ms) {
      time.advance(ms);
      const now = time.elapsedMs();
      const late = waits.filter(({ latestMs }) => latestMs <= now);
      if (late.length === 0) return;
      waits = waits.filter(({ latestMs }) => latestMs > now);
      for (const { goOn, owner, what } of late) {
        world.note(() => `${owner.name}: too late: ${what}`);
        goOn(false);
      }
    },

    count(what) {
      world.counts.set(what, (world.counts.get(what) ?? 0) + 1);
    },

    violate(what) {
      world.note(() => `VIOLATION: ${what}`);
      world.violations.push(what);
    },

    note(line) {
      trace?.push(`${(time.elapsedMs() / 1_000).toFixed(3).padStart(9)} s  ${line()}`);
    },

    alias(id) {
      const known = aliases.get(id) ?? `#${aliases.size + 1}`;
      aliases.set(id, known);
      return known;
    },

    pause(owner, what, limitMs = Number.POSITIVE_INFINITY) {
      if (owner.alive && !chance.hit(world.weather.delayed)) return true;
      return new Promise<boolean>((goOn) => {
        if (owner.alive) waits.push({ owner, what, latestMs: time.elapsedMs() + limitMs, goOn });
      });
    },

    goOn(position) {
      const [wait] = waits.splice(position, 1);
      wait?.goOn(true);
    },

    kill(owner) {
      owner.alive = false;
      waits = waits.filter((wait) => wait.owner !== owner);
    },
  };
  return world;
}
