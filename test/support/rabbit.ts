/** RabbitMQ for tests: one that is named, or private nodes of an installed `rabbitmq-server`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './debian.ts';
import { type RabbitNode, startNode } from './rabbit-node.ts';

/** `TEST_AMQP_URL`, or a node of an installed `rabbitmq-server`; as root on Debian it is installed (`TEST_INSTALL=0` forbids it). */
export async function startRabbit(): Promise<RabbitNode | { readonly missing: string }> {
  const url = process.env['TEST_AMQP_URL'];
  if (url) return unmanaged(url);
  const programs = await rabbitPrograms();
  return programs ? startNode(programs) : { missing: missingRabbit };
}

export const missingRabbit = 'install rabbitmq-server, or name one with TEST_AMQP_URL';

/** The folder of RabbitMQ's own programs, installed if need be; undefined: they cannot be had. */
export async function rabbitPrograms(): Promise<string | undefined> {
  return (
    findPrograms() ??
    ((await install('rabbitmq-server', '/usr/lib/rabbitmq/bin/rabbitmq-server')) ? findPrograms() : undefined)
  );
}

/** Debian's wrappers in the PATH insist on their own user and cookie: RabbitMQ's own scripts come first. */
function findPrograms(): string | undefined {
  const found = (process.env['PATH'] ?? '')
    .split(':')
    .find((folder) => existsSync(join(folder, 'rabbitmq-server')));
  const folders = ['/usr/lib/rabbitmq/bin', ...(found ? [found] : []), '/usr/sbin'];
  return folders.find((folder) => existsSync(join(folder, 'rabbitmq-server')));
}

function unmanaged(url: string): RabbitNode {
  const refuse = async () => {
    throw new Error('the node of TEST_AMQP_URL is not ours to control');
  };
  return {
    url,
    name: '',
    managed: false,
    control: { port: 0, secret: '' },
    tell: refuse,
    stopApp: refuse,
    startApp: refuse,
    kill: refuse,
    startAgain: refuse,
    reset: refuse,
    ctl: refuse,
    stop: async () => {},
  };
}
