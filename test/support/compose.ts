/** The stack of `docker-compose.yml`, under a name and on ports of its own, and what a test asks of it. */
import { type ExecFileOptions, execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { install } from './debian.ts';
import { freePorts } from './ports.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const maxOutput = 64 * 1_024 * 1_024;
const project = 'order-saga-test';

export const modules = ['order', 'stock', 'payment'] as const;
export type Module = (typeof modules)[number];

/** Why there is no engine to ask; undefined: there is one. */
export function missingEngine(): string | undefined {
  if (spawnSync('docker', ['info']).status !== 0) return 'no container engine answers `docker info`';
  return composeCommand() ? undefined : 'neither `docker compose` nor `docker-compose` is there';
}

/** Compose v2 is a plug-in of docker, v1 a program of its own. */
function composeCommand(): readonly string[] | undefined {
  const known = [['docker', 'compose'], ['docker-compose']];
  return known.find(([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0);
}

/** Compose, installed if need be: it reads its file without an engine. If not, says so in one loud line; with `CI=true` that is a failure. */
export async function findCompose(): Promise<readonly string[] | undefined> {
  const found = composeCommand();
  if (found) return found;
  if (await install('docker-compose', '/usr/bin/docker-compose')) return composeCommand();
  const line = 'docker-compose is missing, its file is not checked: install docker-compose';
  if (process.env['CI'] === 'true') throw new Error(line);
  console.warn(`\n*** ${line} ***\n`);
  return undefined;
}

/** What `docker inspect` tells of a container, as far as it is asked for. */
export interface Container {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly StartedAt: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly RestartCount: number;
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
    readonly Ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>>;
  };
}

export interface Stack {
  readonly project: string;
  /** Runs a script as the operator would, in the project's folder. `docker-compose` is whichever there is. */
  shell(script: string): Promise<string>;
  /** Runs compose and returns what it wrote. */
  compose(...args: readonly string[]): Promise<string>;
  containers(service: string): Promise<readonly Container[]>;
  /** Runs a command in the service's first container and returns what it wrote. Throws if it fails. */
  exec(service: string, ...command: readonly string[]): Promise<string>;
  /** Where a module serves, one URL for each replica. */
  urls(module: Module): Promise<readonly string[]>;
  /** The secret that a container gets, with the host's way to the container that it names. */
  secret(name: string): Promise<string>;
  /** Bytes that the image adds to the one that it is made from. */
  addedBytes(): Promise<number>;
  /** Resolves when every module answers `/readyz` with 200. */
  ready(): Promise<void>;
  down(): Promise<void>;
}

/**
 * Builds the image and starts the stack. `variables`: what an operator would set before `docker-compose up`; `cwd`: where the
 * project is, this folder unless told.
 */
export async function openStack(variables: Readonly<Record<string, string>> = {}, cwd = '.'): Promise<Stack> {
  const [program = '', ...prefix] = composeCommand() ?? [];
  const [order, stock, payment] = await freePorts(modules.length);
  const env = {
    ...process.env,
    ORDER_PORTS: String(order),
    STOCK_PORTS: String(stock),
    PAYMENT_PORTS: String(payment),
    ...variables,
  };
  const options: ExecFileOptions = { env, cwd, maxBuffer: maxOutput };
  const compose = async (...args: readonly string[]) =>
    String((await run(program, [...prefix, '-p', project, ...args], options)).stdout);

  async function containers(service: string): Promise<readonly Container[]> {
    const ids = (await compose('ps', '-q', service)).split('\n').filter(Boolean);
    if (ids.length === 0) return [];
    return JSON.parse(String((await run('docker', ['inspect', ...ids], options)).stdout));
  }

  async function urls(module: Module): Promise<readonly string[]> {
    const ports = (await containers(module)).map(
      ({ NetworkSettings }) => NetworkSettings.Ports['3000/tcp']?.[0],
    );
    return ports.flatMap((port) => (port ? [`http://127.0.0.1:${port.HostPort}`] : []));
  }

  const isReady = async (url: string) =>
    (await fetch(`${url}/readyz`).then(
      ({ status }) => status,
      () => 0,
    )) === 200;

  const stack: Stack = {
    project,
    async shell(script) {
      const alias = `docker-compose() { command ${[program, ...prefix].join(' ')} "$@"; }`;
      const own = { ...env, COMPOSE_PROJECT_NAME: project };
      return String(
        (await run('bash', ['-euo', 'pipefail', '-c', `${alias}\n${script}`], { ...options, env: own }))
          .stdout,
      );
    },
    compose,
    containers,
    exec: (service, ...command) => compose('exec', '-T', service, ...command),
    urls,

    async secret(name) {
      const url = new URL(readFileSync(join(cwd, `deploy/secrets/${name}`), 'utf8').trim());
      const [container] = await containers(url.hostname);
      const networks = Object.values(container?.NetworkSettings.Networks ?? {});
      url.hostname = networks[0]?.IPAddress ?? '';
      return url.href;
    },

    async addedBytes() {
      const base = /^ARG NODE=(\S+)$/m.exec(readFileSync('deploy/Dockerfile', 'utf8'))?.[1] ?? '';
      const format = ['image', 'inspect', '--format', '{{.Size}}'];
      const [all = 0, below = 0] = await Promise.all(
        ['order-saga', base].map(async (image) =>
          Number((await run('docker', [...format, image], options)).stdout),
        ),
      );
      return all - below;
    },

    async ready() {
      for (const module of modules)
        await until(
          `${module} is ready`,
          async () => {
            const all = await urls(module);
            return all.length > 0 && (await Promise.all(all.map(isReady))).every(Boolean);
          },
          120_000,
        );
    },

    down: async () => void (await compose('down', '-v', '--remove-orphans', '-t', '5')),
  };
  // What an earlier run has left behind.
  await stack.down();
  await compose('up', '-d', '--build');
  return stack;
}
