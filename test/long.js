// What takes longer than `npm test` may: what needs minutes, and then the whole suite again and again, to find what fails only now
// and then.
import { spawnSync } from 'node:child_process';

/** Runs end to end that are green one after the other; each is a minute or two on two cores. */
const rounds = Number(process.env.LONG_ROUNDS ?? 2);

function run(project) {
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', project], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run('long');
for (let round = 1; round <= rounds; round += 1) {
  console.log(`end to end, round ${round} of ${rounds}`);
  run('e2e');
}
