// What takes longer than `npm test` may. With LONG_ROUNDS the end-to-end tests run again and again, to find what fails only now and then.
import { spawnSync } from 'node:child_process';

/** How often; each round is two or three minutes on two cores. */
const rounds = Number(process.env.LONG_ROUNDS ?? 0);

/** So many more seeds of each simulation than the 20,000 of `npm test`, other ones every time; a thousand take two or three seconds. */
const seeds = process.env.SIMULATION_SEEDS;

/** Faults and orders for so many minutes; 0: none. */
const chaosMinutes = Number(process.env.CHAOS_MINUTES ?? 2);

/** What is sent to the doors and to the queues: a hundred thousand of each take five minutes on two cores. */
const fuzz = {
  FUZZ_INPUTS: process.env.FUZZ_INPUTS ?? '100000',
  FUZZ_SEED: process.env.FUZZ_SEED ?? '1',
};

/** Several times what any of them takes: what hangs is ended and named, not waited for. */
const maxMinutes = 60;

function run(command, args, { env = {}, minutes = 0 } = {}) {
  console.log(`\n${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    timeout: (maxMinutes + minutes) * 60_000,
  });
  if (error) console.error(`${command} ${args.join(' ')}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
const vitest = (project, args = [], env = {}) =>
  run('npx', ['vitest', 'run', '--project', project, ...args], { env });

run('npm', ['run', '--silent', 'build']);
if (seeds) vitest('unit', ['test/simulation/forgetful', 'test/simulation/faithful']);
vitest('long', [], fuzz);
if (chaosMinutes > 0) {
  run('npm', ['run', 'chaos', '--', '--minutes', String(chaosMinutes)], { minutes: chaosMinutes });
}
for (let round = 1; round <= rounds; round += 1) {
  console.log(`end to end, round ${round} of ${rounds}`);
  vitest('e2e');
}
// It measures: at the end, with nothing beside it.
run('npm', ['run', 'bench', '--', '--quick']);
