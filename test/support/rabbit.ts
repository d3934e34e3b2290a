/** A private RabbitMQ node for tests: on free ports, with files and an epmd of its own, gone when the tests are. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from './ports.ts';

export interface RabbitNode {
  readonly url: string;
  /** False: it is somebody else's (`TEST_AMQP_URL`) and can only be used. */
  readonly managed: boolean;
  /** The broker goes away; the node stays, and keeps its queues. */
  stopApp(): Promise<void>;
  startApp(): Promise<void>;
  /** It forgets every queue and message and is there again. */
  reset(): Promise<void>;
  /** Runs `rabbitmqctl` and returns what it says. */
  ctl(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;

/** `TEST_AMQP_URL`, or a node of an installed `rabbitmq-server`; as root on Debian it is installed (`TEST_INSTALL=0` forbids it). */
export async function startRabbit(): Promise<RabbitNode | { readonly missing: string }> {
  const url = process.env['TEST_AMQP_URL'];
  if (url) return unmanaged(url);
  const programs = findPrograms() ?? ((await install()) ? findPrograms() : undefined);
  if (!programs) return { missing: 'install rabbitmq-server, or name one with TEST_AMQP_URL' };
  return startNode(programs);
}

function unmanaged(url: string): RabbitNode {
  const refuse = async () => {
    throw new Error('the node of TEST_AMQP_URL is not ours to control');
  };
  return {
    url,
    managed: false,
    stopApp: refuse,
    startApp: refuse,
    reset: refuse,
    ctl: refuse,
    stop: async () => {},
  };
}

/** The folder of RabbitMQ's own scripts: Debian's wrappers in the PATH insist on their own user and cookie. */
function findPrograms(): string | undefined {
  const found = (process.env['PATH'] ?? '')
    .split(':')
    .find((folder) => existsSync(join(folder, 'rabbitmq-server')));
  const folders = ['/usr/lib/rabbitmq/bin', ...(found ? [found] : []), '/usr/sbin'];
  return folders.find((folder) => existsSync(join(folder, 'rabbitmq-server')));
}

async function install(): Promise<boolean> {
  const debian = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  if (!debian || process.env['TEST_INSTALL'] === '0') return false;
  console.error('installing rabbitmq-server with apt-get for the tests (TEST_INSTALL=0 forbids it) ...');
  // Test files that run at the same time take turns, and the later ones find it there. A policy that denies starts: the package's own
  // service is not wanted. What was there is put back.
  const script = `
    set -e
    exec 9> /tmp/order-saga-install.lock
    flock 9
    if [ -e /usr/lib/rabbitmq/bin/rabbitmq-server ]; then exit 0; fi
    policy=/usr/sbin/policy-rc.d
    if [ -e $policy ]; then cp -p $policy $policy.before; fi
    restore() { if [ -e $policy.before ]; then mv $policy.before $policy; else rm -f $policy; fi; }
    trap restore EXIT
    printf '#!/bin/sh\\nexit 101\\n' > $policy; chmod 755 $policy
    export DEBIAN_FRONTEND=noninteractive
    install() { apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 rabbitmq-server; }
    install || { apt-get update; install; }`;
  try {
    await promisify(execFile)('sh', ['-c', script], { timeout: 300_000, maxBuffer: 10_000_000 });
    return true;
  } catch (error) {
    console.error(`it could not be installed: ${String(error).slice(0, 500)}`);
    return false;
  }
}

async function startNode(programs: string): Promise<RabbitNode> {
  const base = await mkdtemp(join(tmpdir(), 'order-saga-rabbit-'));
  const account = rabbitAccount();
  if (account) await chown(base, account.uid, account.gid);
  await chmod(base, 0o700);
  const [port, distribution, epmd] = await freePorts(3);
  const env = {
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    HOME: base,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `test${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: base,
    RABBITMQ_LOG_BASE: base,
    RABBITMQ_SCHEMA_DIR: join(base, 'schema'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(base, 'config'),
    RABBITMQ_CONFIG_FILE: join(base, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(base, 'enabled_plugins'),
    RABBITMQ_CONF_ENV_FILE: join(base, 'none'),
  };
  // Messages expire nowhere and nothing is swapped: a test machine's small disk must not block publishers.
  await writeFile(join(base, 'rabbitmq.conf'), 'disk_free_limit.absolute = 1MB\nlog.file.level = warning\n', {
    mode: 0o644,
  });
  await writeFile(join(base, 'enabled_plugins'), '[].\n', { mode: 0o644 });

  // The shell holds a pipe to this process: when it closes, however this process ended, the node ends.
  const script = `
    rabbitmq-server > '${base}/output' 2>&1 < /dev/null &
    read -r end
    trap '' TERM
    kill -TERM 0
    wait
    epmd -kill > /dev/null 2>&1`;
  const holder = spawn('sh', ['-c', script], {
    env,
    cwd: base,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    ...account,
  });
  holder.stdin?.on('error', () => {});

  const ctl = async (...args: readonly string[]) => {
    const options = { env, cwd: base, timeout: 60_000, ...account };
    const { stdout } = await promisify(execFile)(join(programs, 'rabbitmqctl'), ['-q', ...args], options);
    return stdout;
  };
  const node: RabbitNode = {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    managed: true,
    ctl,
    stopApp: async () => void (await ctl('stop_app')),
    startApp: async () => {
      await ctl('start_app');
      await speaksAmqp(port ?? 0, holder);
    },
    reset: async () => {
      await ctl('stop_app');
      await ctl('force_reset');
      await ctl('start_app');
      await speaksAmqp(port ?? 0, holder);
    },
    stop: async () => {
      const ended = holder.exitCode === null ? once(holder, 'close') : undefined;
      holder.stdin?.end();
      await ended;
      await rm(base, { recursive: true, force: true });
    },
  };
  try {
    await speaksAmqp(port ?? 0, holder);
  } catch (error) {
    const output = existsSync(join(base, 'output'))
      ? readFileSync(join(base, 'output'), 'utf8').slice(-2_000)
      : '';
    await node.stop();
    throw new Error(`RabbitMQ does not start: ${String(error)}\n${output}`);
  }
  return node;
}

/** As root the node runs as the package's user. */
function rabbitAccount(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((user) => user.startsWith('rabbitmq:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** An open port is not enough: the broker must answer in its protocol. */
async function speaksAmqp(port: number, holder: ChildProcess): Promise<void> {
  const latestMs = performance.now() + startTimeoutMs;
  while (performance.now() < latestMs) {
    if (holder.exitCode !== null) throw new Error('it ended at its start');
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('AMQP\0\0\x09\x01'));
      socket.setTimeout(2_000, () => socket.destroy());
      socket.once('data', () => {
        resolve(true);
        socket.destroy();
      });
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
    if (answered) return;
    await pause(50);
  }
  throw new Error(`nothing speaks AMQP on port ${port}`);
}
