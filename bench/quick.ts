/** A minute's look, for every change: is it still as fast as it must be? Measured against what the same machine does at the same time. */
import { start } from './programs.ts';
import { median, share } from './report.ts';
import { acceptOnly, closedLoop, type Scene, toTheEnd } from './scenarios.ts';
import { carts, openShop, topologies, warmUp } from './shop.ts';

/** Of what accepting alone makes. The goal was half of it; why a whole saga cannot be that is in README.md. */
const goalShare = 0.5;
/** Below that something has become a third slower than it is: 15 to 17 % is what is measured, the ceiling in the same breath. */
const leastShare = 0.1;
const clients = 64;

/** Told from what is broken, which is 1. */
const tooSlow = 3;

/** Returns the exit code: 3 if it is too slow. */
export async function quick(scene: Scene, rounds: number, say: (what: string) => void): Promise<number> {
  const { services, generator, seconds } = scene;
  const { ceiling: databaseUrl = '' } = await services.freshDatabases(['ceiling']);
  const server = await start({ DATABASE_URL: databaseUrl }, { bundle: 'dist/accept.js' });
  const shop = await openShop(services, topologies['one process']);
  const accept = (seconds: number) =>
    generator.run({ kind: 'closed', urls: [`${server.url}/orders`], bodies: carts(), clients, seconds });
  const ours: number[] = [];
  const ceilings: number[] = [];
  try {
    say('warming up');
    await accept(scene.warmUpSeconds);
    let orders = await warmUp(shop, generator, scene.warmUpSeconds);
    for (let round = 1; round <= rounds; round += 1) {
      const { accepted, startedAtMs, endedAtMs } = await accept(seconds);
      ceilings.push((accepted / (endedAtMs - startedAtMs)) * 1_000);
      const run = await closedLoop(scene, shop, clients);
      orders += run.accepted;
      ours.push(run.perSecond);
      say(
        `round ${round} of ${rounds}: ${Math.round(run.perSecond)} orders/s to the end, ${run.refused} refused, accept-only ${Math.round(ceilings.at(-1) ?? 0)}`,
      );
    }
    await shop.check(orders, generator.inDoubt);
  } finally {
    await server.end();
    await shop.close();
  }
  for (const value of ceilings) scene.record(acceptOnly(clients), 'orders/s', value);
  for (const value of ours) scene.record(toTheEnd('one process', clients), 'orders/s', value);
  const reached = share(ours, ceilings);
  const isEnough = reached >= leastShare;
  console.log(
    `\n${isEnough ? 'Fast enough' : 'TOO SLOW'}: ${Math.round(median(ours))} orders/s to the end are ${Math.round(reached * 100)} % of the ${Math.round(median(ceilings))} that accepting alone makes here; ${leastShare * 100} % are the least, ${goalShare * 100} % the goal.`,
  );
  return isEnough ? 0 : tooSlow;
}
