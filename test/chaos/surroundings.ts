/** What the modules stand on, each part with a network before it that can be broken: three PostgreSQL servers and a RabbitMQ node. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedPostgres, startPostgres } from '../../src/embedded/postgres.ts';
import { makeFolder, removeFolder } from '../support/folder.ts';
import { freePorts } from '../support/ports.ts';
import { openProxy, type TestProxy } from '../support/proxy.ts';
import { missingRabbit, rabbitPrograms } from '../support/rabbit.ts';
import { type RabbitNode, startNode } from '../support/rabbit-node.ts';

export interface DatabaseServer {
  /** Through the network that can be broken. */
  readonly url: string;
  /** Past it. */
  readonly directUrl: string;
  readonly network: TestProxy;
  /** Immediate shutdown: no goodbye, no checkpoint. */
  crash(): Promise<void>;
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

export async function startDatabase(name: string): Promise<DatabaseServer> {
  const dataDir = await makeFolder();
  const [port] = await freePorts(1);
  const start = () =>
    startPostgres({
      dataDir,
      databases: [name],
      keeper: [process.execPath, 'dist/main.js', '__keeper'],
      settings: { port: String(port) },
    });
  let server: EmbeddedPostgres = await start();
  const directUrl = server.urls[name] ?? '';
  const network = await openProxy(directUrl);
  return {
    url: network.url,
    directUrl,
    network,
    async crash() {
      const file = join(dataDir, 'postgres', 'data', 'postmaster.pid');
      process.kill(Number.parseInt(await readFile(file, 'utf8'), 10), 'SIGQUIT');
      await server.stop();
    },
    async startAgain() {
      server = await start();
    },
    async stop() {
      await network.close();
      await server.stop();
      await removeFolder(dataDir);
    },
  };
}

export interface BrokerServer {
  /** Through the network that can be broken. */
  readonly url: string;
  readonly network: TestProxy;
  readonly node: RabbitNode;
  stop(): Promise<void>;
}

export async function startBroker(): Promise<BrokerServer> {
  const programs = await rabbitPrograms();
  if (!programs) throw new Error(missingRabbit);
  const node = await startNode(programs);
  const network = await openProxy(node.url);
  return {
    url: network.url,
    network,
    node,
    async stop() {
      await network.close();
      await node.stop();
    },
  };
}
