/** A private RabbitMQ node: on free ports, with files and an epmd of its own, gone when the tests are. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from './ports.ts';
import { type Control, controlScript, tell } from './rabbit-control.ts';
import { until } from './until.ts';

export interface RabbitNode {
  readonly url: string;
  /** Its Erlang name, as `test5672@localhost`. */
  readonly name: string;
  /** False: it is somebody else's (`TEST_AMQP_URL`) and can only be used. */
  readonly managed: boolean;
  /** The broker goes away; the node stays, and keeps its queues. */
  stopApp(): Promise<void>;
  startApp(): Promise<void>;
  /** SIGKILL: no goodbye to anybody; its files stay. */
  kill(): Promise<void>;
  /** After a kill: with its files, on its port. */
  startAgain(): Promise<void>;
  /** It forgets every queue and message and is there again. */
  reset(): Promise<void>;
  /** Where it takes expressions from. */
  readonly control: Control;
  /** Has it evaluate Erlang expressions. */
  tell(expressions: string): Promise<string>;
  /** Runs `rabbitmqctl`, for what is said seldom, and returns what it says. */
  ctl(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
/** A node says good-bye within a second or two; one that hangs meanwhile is killed. */
const stopTimeoutMs = 20_000;

/** Starts a node. Those that are to form a cluster share a cookie and an epmd's port. */
export async function startNode(
  programs: string,
  shared: { readonly cookie?: string; readonly epmdPort?: number } = {},
): Promise<RabbitNode> {
  const base = await mkdtemp(join(tmpdir(), 'order-saga-rabbit-'));
  const account = rabbitAccount();
  if (shared.cookie) await writeFile(join(base, '.erlang.cookie'), shared.cookie, { mode: 0o400 });
  if (account)
    for (const path of [base, ...(shared.cookie ? [join(base, '.erlang.cookie')] : [])])
      await chown(path, account.uid, account.gid);
  await chmod(base, 0o700);
  const [port = 0, distribution, epmd, controlPort = 0] = await freePorts(4);
  const control = { port: controlPort, secret: randomBytes(16).toString('hex') };
  // RabbitMQ's own script takes these arguments apart at every space.
  const controlFile = join(base, 'control.erl');
  const name = `test${port}@localhost`;
  const env = {
    PATH: `${programs}:${process.env['PATH'] ?? ''}`,
    HOME: base,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(shared.epmdPort ?? epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: name,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `-kernel inet_dist_use_interface {127,0,0,1} -eval file:eval("${controlFile}")`,
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
  await writeFile(controlFile, controlScript(control), { mode: 0o400 });
  if (account) await chown(controlFile, account.uid, account.gid);

  // The shell holds a pipe to this process: when it closes, however this process ended, the node ends; and epmd with its last node.
  const script = `
    rabbitmq-server > '${base}/output' 2>&1 < /dev/null &
    read -r end
    trap '' TERM
    kill -TERM 0
    wait
    epmd -kill > /dev/null 2>&1`;
  const launch = () => {
    const launched = spawn('sh', ['-c', script], {
      env,
      cwd: base,
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      ...account,
    });
    launched.stdin.on('error', () => {});
    return launched;
  };
  let holder = launch();
  let erlang = 0;

  const ctl = async (...args: readonly string[]) => {
    const options = { env, cwd: base, timeout: 60_000, ...account };
    const { stdout } = await promisify(execFile)(join(programs, 'rabbitmqctl'), ['-q', ...args], options);
    return stdout;
  };
  async function endHolder(): Promise<void> {
    if (holder.exitCode !== null || holder.signalCode !== null) return;
    const ended = once(holder, 'close');
    const timer = setTimeout(killErlang, stopTimeoutMs);
    holder.stdin.end();
    await ended;
    clearTimeout(timer);
  }
  function killErlang(): void {
    try {
      if (erlang > 0) process.kill(erlang, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  async function started(): Promise<void> {
    await speaksAmqp(port, holder);
    await until('the node listens to its tests', () => tell(control, 'true.').then(Boolean, () => false));
    erlang = Number(await tell(control, 'list_to_integer(os:getpid()).'));
  }
  const node: RabbitNode = {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    name,
    managed: true,
    control,
    tell: (expressions) => tell(control, expressions),
    ctl,
    stopApp: async () => void (await node.tell('ok = rabbit:stop().')),
    async startApp() {
      await node.tell('ok = rabbit:start().');
      await speaksAmqp(port, holder);
    },
    async kill() {
      killErlang();
      await endHolder();
    },
    async startAgain() {
      holder = launch();
      await started();
    },
    async reset() {
      // As `rabbitmqctl force_reset` does it, before and since RabbitMQ 4.
      await node.tell(`
        ok = rabbit:stop(),
        ok = case code:which(rabbit_db) of non_existing -> rabbit_mnesia:force_reset(); _ -> rabbit_db:force_reset() end,
        ok = rabbit:start().`);
      await speaksAmqp(port, holder);
    },
    async stop() {
      await endHolder();
      await rm(base, { recursive: true, force: true });
    },
  };
  try {
    await started();
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
