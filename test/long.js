// What takes longer than `npm test` may: what needs minutes, and then the whole suite again, to find what fails only now and then.
import { spawnSync } from 'node:child_process';

/** Runs end to end that are green one after the other; each is a minute or two on two cores. */
const rounds = Number(process.env.LONG_ROUNDS ?? 1);

/** Seeds of each simulation, other ones every time: half a minute on two cores. */
const seeds = process.env.SIMULATION_SEEDS ?? '20000';

/** Faults and orders for so long; where a run has found something, its seed repeats it. */
const chaos = ['--minutes', process.env.CHAOS_MINUTES ?? '2'];

function run(command, args, env = {}) {
  console.log(`\n${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}
const vitest = (project, args = [], env = {}) =>
  run('npx', ['vitest', 'run', '--project', project, ...args], env);

run('npm', ['run', '--silent', 'build']);
vitest('unit', ['test/simulation/forgetful', 'test/simulation/faithful'], { SIMULATION_SEEDS: seeds });
// One after the other: some of them measure.
vitest('long', ['--maxWorkers=1']);
run('npm', ['run', 'chaos', '--', ...chaos]);
for (let round = 1; round <= rounds; round += 1) {
  console.log(`end to end, round ${round} of ${rounds}`);
  vitest('e2e');
}
