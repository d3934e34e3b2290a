/** Handlers that fail now and then, through the fault of a message: its batch is taken apart, it is parked, it may die. */
import type { Handle } from '../../src/outbox/inbox.ts';
import type { World } from './world.ts';

export class Injected extends Error {
  override readonly name = 'Injected';
}

/** A cursed message fails so often at most: more often than it has attempts. */
const maxFailures = 8;

/** By message: how often it is still to fail. */
const cursesOf = new WeakMap<World, Map<string, number>>();

export function curse(world: World, handle: Handle): Handle {
  const curses = cursesOf.get(world) ?? new Map<string, number>();
  cursesOf.set(world, curses);
  const { chance } = world;

  const cursed: Handle = async (unit, messages, looked) => {
    // Fair weather lifts every curse.
    if (world.weather.handlerFails === 0) return handle(unit, messages, looked);
    const guilty = messages.find(({ id }) => {
      const left =
        curses.get(id) ?? (chance.hit(world.weather.handlerFails) ? 1 + chance.below(maxFailures) : 0);
      curses.set(id, left);
      return left > 0;
    });
    // What was written before it is undone, too.
    if (!guilty || chance.hit(0.5)) await handle(unit, messages, looked);
    if (!guilty) return;
    curses.set(guilty.id, (curses.get(guilty.id) ?? 1) - 1);
    world.count('handlerFails');
    throw new Injected(`${guilty.type} is cursed`);
  };
  return Object.assign(cursed, { look: handle.look });
}
