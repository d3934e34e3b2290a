// What takes longer than `npm test` may: what needs minutes, and then the whole suite again and again, to find what fails only now
// and then.
import { spawnSync } from 'node:child_process';

/** Runs end to end that are green one after the other; each is a minute or two on two cores. */
const rounds = Number(process.env.LONG_ROUNDS ?? 1);

/** Seeds of each simulation, other ones every time: some minutes on two cores. */
const seeds = process.env.SIMULATION_SEEDS ?? '20000';

function run(project, files = [], env = {}) {
  const { status } = spawnSync('npx', ['vitest', 'run', '--project', project, ...files], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

run('unit', ['test/simulation/forgetful', 'test/simulation/faithful'], { SIMULATION_SEEDS: seeds });
// One after the other: some of them measure.
run('long', ['--maxWorkers=1'], {
  FUZZ_INPUTS: process.env.FUZZ_INPUTS ?? '5000',
  FUZZ_SEED: process.env.FUZZ_SEED ?? '1',
});
for (let round = 1; round <= rounds; round += 1) {
  console.log(`end to end, round ${round} of ${rounds}`);
  run('e2e');
}
