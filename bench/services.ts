/** PostgreSQL and RabbitMQ for the bench: brought along, as the tests have them but with fsync, or those that are named. */
import { connect } from 'amqplib';
import postgres from 'postgres';
import { startPostgres } from '../src/embedded/postgres.ts';
import { makeFolder, removeFolder } from '../test/support/folder.ts';
import { startRabbit } from '../test/support/rabbit.ts';
import { type Group, isMeasurable, nameOf, parentOf } from './processes.ts';

export const modules = ['order', 'stock', 'payment'] as const;
export type Name = (typeof modules)[number];

export interface Services {
  readonly amqpUrl: string;
  /** As whoever may create databases. */
  readonly sql: postgres.Sql;
  /** Those of the services whose processes can be seen here. */
  readonly groups: readonly Group[];
  /** What is measured of PostgreSQL and RabbitMQ themselves, for who reads the figures. */
  readonly facts: Readonly<Record<string, string>>;
  /** True: this PostgreSQL was brought along, and its settings are nobody else's. */
  readonly ownPostgres: boolean;
  /** True: PostgreSQL keeps the moment of every commit. */
  readonly commitTimes: boolean;
  /** Empty databases, one for each name, instead of those that were there; their URLs by name. */
  freshDatabases(names: readonly string[]): Promise<Readonly<Record<string, string>>>;
  /** The queues of the last shop go, with all that is in them. Its programs have ended. */
  dropQueues(): Promise<void>;
  stop(): Promise<void>;
}

/** Ours among those of a server that is somebody's. */
const prefix = 'order_saga_bench_';

export async function startServices(named: {
  readonly postgres?: string | undefined;
  readonly rabbit?: string | undefined;
}): Promise<Services> {
  const postgresUrl = named.postgres ?? process.env['TEST_POSTGRES_URL'];
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const service of started.reverse()) await service.stop();
  };
  const keep = async <T extends { stop(): Promise<void> }>(starting: Promise<T>) => {
    const service = await starting;
    started.push(service);
    return service;
  };
  const [database, broker] = await Promise.allSettled([
    keep(postgresUrl ? givenPostgres(postgresUrl) : ownPostgres()),
    keep(named.rabbit ? givenRabbit(named.rabbit) : ownRabbit()),
  ]);
  if (database.status === 'rejected' || broker.status === 'rejected') {
    await stop();
    throw database.status === 'rejected' ? database.reason : (broker as PromiseRejectedResult).reason;
  }
  const { adminUrl, ownerOf } = database.value;
  const sql = postgres(adminUrl, { max: 2, onnotice: () => {} });
  const made = new Set<string>();
  try {
    const postmaster = await postmasterOf(sql);
    return {
      amqpUrl: broker.value.url,
      sql,
      groups: [
        ...(postmaster ? [{ name: 'PostgreSQL', pid: postmaster }] : []),
        ...(broker.value.pid ? [{ name: 'RabbitMQ', pid: broker.value.pid }] : []),
      ],
      facts: { ...(await postgresFacts(sql)), RabbitMQ: broker.value.version },
      ownPostgres: postgresUrl === undefined,
      commitTimes: (await setting(sql, 'track_commit_timestamp')) === 'on',
      async freshDatabases(names) {
        const urls: Record<string, string> = {};
        for (const name of names) {
          const database = `${prefix}${name}`;
          made.add(database);
          await sql.unsafe(`drop database if exists ${database} with (force)`);
          const owner = ownerOf(name);
          await sql.unsafe(
            `create database ${database} template template0 ${owner ? `owner "${name}"` : ''}`,
          );
          const url = new URL(owner ?? adminUrl);
          url.pathname = `/${database}`;
          urls[name] = url.href;
        }
        return urls;
      },
      dropQueues: () => dropQueues(broker.value.url),
      async stop() {
        // Our own server goes with all of them.
        if (postgresUrl)
          for (const database of made) await sql.unsafe(`drop database if exists ${database} with (force)`);
        await sql.end({ timeout: 5 });
        await stop();
      },
    };
  } catch (error) {
    await sql.end({ timeout: 5 });
    await stop();
    throw error;
  }
}

async function ownPostgres() {
  const dataDir = await makeFolder();
  try {
    const server = await startPostgres({
      dataDir,
      databases: modules,
      keeper: [process.execPath, 'dist/main.js', '__keeper'],
      // The moment of every commit, which is how confirmations are timed; 12 bytes each, not written at once.
      settings: { track_commit_timestamp: 'on' },
    });
    return {
      adminUrl: server.adminUrl,
      /** Undefined: the administrator. */
      ownerOf: (name: string): string | undefined => server.urls[name],
      async stop() {
        await server.stop();
        await removeFolder(dataDir);
      },
    };
  } catch (error) {
    await removeFolder(dataDir);
    throw error;
  }
}

async function givenPostgres(adminUrl: string) {
  const sql = postgres(adminUrl, { max: 1, connect_timeout: 5, onnotice: () => {} });
  try {
    const [row] = await sql<{ createdb: boolean }[]>`
      select rolcreatedb or rolsuper as createdb from pg_roles where rolname = current_user`;
    if (!row?.createdb) throw new Error('its role may not create databases');
  } catch (error) {
    throw new Error(
      `the PostgreSQL of --postgres cannot be used: ${error instanceof Error ? error.message || String(error) : error}`,
    );
  } finally {
    await sql.end({ timeout: 5 });
  }
  return { adminUrl, ownerOf: (): string | undefined => undefined, stop: async () => {} };
}

async function ownRabbit() {
  const node = await startRabbit();
  if ('missing' in node) throw new Error(node.missing);
  const pid = node.managed ? Number(await node.tell('list_to_integer(os:getpid()).')) : undefined;
  return { url: node.url, pid, version: await versionOf(node.url), stop: node.stop };
}

async function givenRabbit(url: string) {
  const version = await versionOf(url).catch((error: Error) => {
    throw new Error(`the RabbitMQ of --rabbit does not answer: ${error.message}`);
  });
  return { url, pid: undefined, version, stop: async () => {} };
}

async function versionOf(url: string): Promise<string> {
  const connection = await connect(url, { timeout: 5_000 });
  const { version } = connection.connection.serverProperties as { readonly version?: string };
  await connection.close();
  return version ?? 'unknown';
}

async function dropQueues(url: string): Promise<void> {
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const name of modules) await channel.deleteQueue(`order-saga.${name}`);
  await connection.close();
}

/** Of a server on this machine: the parent of the process that answers us. */
async function postmasterOf(sql: postgres.Sql): Promise<number | undefined> {
  if (!isMeasurable) return undefined;
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  if (!row || !nameOf(row.pid).startsWith('postgres')) return undefined;
  return parentOf(row.pid);
}

async function setting(sql: postgres.Sql, name: string): Promise<string> {
  const [row] = await sql<{ value: string }[]>`select current_setting(${name}) as value`;
  return row?.value ?? '';
}

async function postgresFacts(sql: postgres.Sql): Promise<Record<string, string>> {
  const [fsync, synchronousCommit, sharedBuffers, version] = await Promise.all(
    ['fsync', 'synchronous_commit', 'shared_buffers', 'server_version'].map((name) => setting(sql, name)),
  );
  return {
    PostgreSQL: `${version}, fsync ${fsync}, synchronous_commit ${synchronousCommit}, shared_buffers ${sharedBuffers}`,
  };
}
