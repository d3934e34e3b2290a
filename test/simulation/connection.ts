/**
 * A process's connection to its module's memory. It may be slow, break before or in the middle of a transaction, and fall silent
 * after its commit.
 */
import { type Database, DatabaseTimeout, OutcomeUnknown } from '../../src/outbox/index.ts';
import type { Memory } from './memory/database.ts';
import type { Mortal, World } from './world.ts';

/** As `transaction.ts`: what was not begun by then is given up. */
const limitMs = 10_000;

export function connect(world: World, owner: Mortal, memory: Memory): Database {
  const { chance } = world;

  function fault(what: 'connectionLost' | 'commitUnheard', error: Error): Error {
    world.count(what);
    world.note(() => `${owner.name}: ${what}`);
    return error;
  }
  const lost = () =>
    fault(
      'connectionLost',
      Object.assign(new Error('the connection was lost'), { code: 'CONNECTION_CLOSED' }),
    );
  const unheard = () => fault('commitUnheard', new OutcomeUnknown('the commit was not answered'));

  const transaction: Database['transaction'] = async (work, options = {}) => {
    const leftMs = (options.deadlineMs ?? performance.now() + limitMs) - performance.now();
    if (!(await world.pause(owner, 'transaction', leftMs))) throw new DatabaseTimeout('too late');
    const breaks = chance.hit(world.weather.connectionLost);
    if (breaks && chance.hit(0.5)) throw lost();
    const result = await memory.transaction(async (sql) => {
      const done = await work(sql);
      if (breaks) throw lost();
      return done;
    }, options);
    if (!(await world.pause(owner, 'commit', limitMs)) || chance.hit(world.weather.commitUnheard))
      throw unheard();
    return result;
  };

  return {
    ...memory,
    transaction,
    query: transaction,
    write: (statements, limits) => transaction(async () => {}, { ...limits, last: statements }),
  };
}
