import { startProgram } from '../test/support/program.ts';
import { startGenerator } from './generator.ts';
import { watch } from './processes.ts';
import { startServices } from './services.ts';
import { carts, openShop, topologies, warmUp } from './shop.ts';

const t0 = performance.now();
const log = (text: string) => console.log(`${((performance.now() - t0) / 1000).toFixed(1)} s ${text}`);
const services = await startServices({});
log('services');
const generator = startGenerator();
const shop = await openShop(services, topologies['one process']);
log('shop');
const { ceiling = '' } = await services.freshDatabases(['ceiling']);
const accept = await startProgram({ DATABASE_URL: ceiling }, { bundle: 'dist/accept.js' });
try {
  let accepted = await warmUp(shop, generator, 3);
  log('warm');
  for (let i = 0; i < 3; i++) {
    const bodies = carts();
    const c = await generator.run({
      kind: 'closed',
      urls: [`${accept.url}/orders`],
      bodies,
      clients: 64,
      seconds: 4,
    });
    log(
      `ceiling ${Math.round((c.accepted / (c.endedAtMs - c.startedAtMs)) * 1000)}/s generator ${((c.processorSeconds / c.accepted) * 1000).toFixed(3)} ms`,
    );
    const w = watch([...shop.groups(), ...services.groups, { name: 'gen', pid: generator.pid }]);
    const s = await generator.run({ kind: 'closed', urls: shop.orderUrls, bodies, clients: 64, seconds: 4 });
    accepted += s.accepted;
    await shop.sagasEnded();
    const ms = Date.now() - s.startedAtMs;
    await shop.quiet();
    log(
      `shop ${Math.round((s.accepted / ms) * 1000)}/s placed ${Math.round((s.accepted / (s.endedAtMs - s.startedAtMs)) * 1000)}`,
    );
    for (const [n, u] of w.stop())
      console.log(
        n,
        ((u.processorSeconds / s.accepted) * 1000).toFixed(3),
        'ms',
        Math.round((u.peakBytes ?? 0) / 1e6),
        'MB',
      );
  }
  await shop.check(accepted);
  log('checked');
} finally {
  await shop.close();
  await accept.end();
  await generator.close();
  await services.stop();
}
log('end');
