/** How fast it is on this machine: `npm run bench -- --help`. What each figure means: `bench/README.md`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { aged, agedExpectations } from './aged.ts';
import { drain } from './drain.ts';
import { expectations } from './expectations.ts';
import { startGenerator } from './generator.ts';
import { help, type Options, readOptions, type Scenario, UsageError } from './options.ts';
import { isMeasurable } from './processes.ts';
import { killAll } from './programs.ts';
import { quick } from './quick.ts';
import { apart, collect, type Run, tableOf } from './report.ts';
import { acceptedAlone, ceilings, loads, type Scene, startingUp } from './scenarios.ts';
import { type Services, startServices } from './services.ts';

const beganMs = performance.now();
const startedAt = new Date().toISOString();

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') console.log(help);
  else process.exitCode = await bench(options);
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(`bench: ${error instanceof Error ? error.message || error.name : error}`);
  process.exitCode = isUsage ? 2 : 1;
}

/** Returns the exit code. */
async function bench(options: Options): Promise<number> {
  const before = options.against === undefined ? undefined : readRun(options.against);
  say('PostgreSQL and RabbitMQ start');
  const services = await startServices(options);
  const generator = startGenerator();
  const { measures, record } = collect();
  const scene: Scene = {
    services,
    generator,
    seconds: options.seconds,
    warmUpSeconds: Math.min(3, options.seconds),
    record,
  };
  // Whoever breaks it off has nothing left over.
  const leave = () => {
    say('broken off');
    void killAll()
      .then(() => services.stop())
      .finally(() => process.exit(130));
  };
  process.once('SIGINT', leave).once('SIGTERM', leave);
  try {
    let code = 0;
    if (options.aged) await aged(scene, options, say);
    else if (options.quick) code = await quick(scene, options.rounds, say);
    else await measureAll(scene, options);
    const run: Run = { startedAt, machine: machine(services), measures };
    console.log(
      `\n${Object.entries(run.machine)
        .map(([name, fact]) => `${name}: ${fact}`)
        .join('\n')}\n`,
    );
    const { figures, usage } = apart(run);
    if (options.aged) console.log(tableOf(figures, agedExpectations, { before, shareOf: 'empty' }));
    else console.log(tableOf(figures, expectations, { before }));
    if (Object.keys(usage.measures).length > 0) console.log(tableOf(usage, expectations, { before }));
    const file = save(options.out ?? `bench/results/${startedAt.slice(0, 19).replaceAll(':', '')}.json`, run);
    console.log(`written to ${file}`);
    return code;
  } finally {
    await generator.close();
    await services.stop();
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}

/** Round by round, so that what a machine does in the meantime falls upon all figures alike. */
async function measureAll(scene: Scene, { rounds, only, topologies }: Options): Promise<void> {
  const wants = (scenario: Scenario) => only.includes(scenario);
  const wanted = { closed: wants('closed'), open: wants('open') };
  for (let round = 1; round <= rounds; round += 1) {
    const begin = (what: string) => say(`round ${round} of ${rounds}: ${what}`);
    if (wants('ceilings')) {
      begin('the ceilings');
      await ceilings(scene);
    }
    for (const topology of wanted.closed || wanted.open ? topologies : []) {
      begin(topology);
      await loads(scene, topology, wanted);
    }
    if (wants('accepted')) {
      begin('accepted alone');
      await acceptedAlone(scene);
    }
    if (wants('drain')) {
      begin('outbox drain');
      await drain(scene);
    }
    if (wants('start')) {
      begin('start to ready');
      await startingUp(scene);
    }
  }
}

/** It takes long: whoever waits sees that it goes on. */
function say(what: string): void {
  const seconds = Math.round((performance.now() - beganMs) / 1_000);
  console.log(
    `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}  ${what}`,
  );
}

function machine(services: Services): Record<string, string> {
  const [cpu] = cpus();
  return {
    processors: `${cpus().length} × ${cpu?.model ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 1e9)} GB`,
    system: `${process.platform} ${release()}`,
    Node: process.version,
    ...services.facts,
    program: revision(),
    'processor time and memory': seen(services),
    confirmations: services.commitTimes
      ? 'timed by the commit (track_commit_timestamp)'
      : 'timed by the begin of the confirming transaction: track_commit_timestamp is off',
  };
}

function seen({ groups }: Services): string {
  if (!isMeasurable) return 'not measured: there is no /proc here';
  const unseen = ['PostgreSQL', 'RabbitMQ'].filter((name) => !groups.some((group) => group.name === name));
  return `from /proc${unseen.length > 0 ? `; not measured of ${unseen.join(' and ')}: not ours, or elsewhere` : ''}`;
}

function revision(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return 'unknown';
  }
}

function readRun(file: string): Run {
  try {
    const run = JSON.parse(readFileSync(file, 'utf8')) as Run;
    if (typeof run.measures !== 'object') throw new Error('it has no measures');
    return run;
  } catch (error) {
    throw new UsageError(
      `--against ${file} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function save(file: string, run: Run): string {
  const path = resolve(file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`);
  return path;
}
