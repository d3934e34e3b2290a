/** A process's connection to its module's memory: it may be slow, break before or in the middle of a transaction, or after its commit. */
import type { Database } from '../../src/outbox/index.ts';
import type { Memory } from './memory/database.ts';
import type { Mortal, World } from './world.ts';

export function connect(world: World, owner: Mortal, memory: Memory): Database {
  const { chance } = world;

  function lost(fault: 'connectionLost' | 'commitUnheard'): Error {
    world.count(fault);
    world.note(() => `${owner.name}: ${fault}`);
    return Object.assign(new Error('the connection was lost'), { code: 'ECONNRESET' });
  }

  const transaction: Database['transaction'] = async (work, last) => {
    await world.pause(owner, 'transaction');
    const breaks = chance.hit(world.weather.connectionLost);
    if (breaks && chance.hit(0.5)) throw lost('connectionLost');
    const result = await memory.transaction(async (sql) => {
      const done = await work(sql);
      if (breaks) throw lost('connectionLost');
      return done;
    }, last);
    await world.pause(owner, 'commit');
    if (chance.hit(world.weather.commitUnheard)) throw lost('commitUnheard');
    return result;
  };

  return { ...memory, transaction, query: (statement) => transaction(statement) };
}
