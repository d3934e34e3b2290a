/** RabbitMQ for a test file: a node of its own, which it may stop and wipe, or its part of the one that the others use too. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { startRabbit } from './rabbit.ts';
import { addVhost } from './rabbit-control.ts';
import type { RabbitNode } from './rabbit-node.ts';

export interface TestNode {
  /** Undefined: none can be had, and the suites that need one are skipped. */
  readonly url: string | undefined;
  /** Undefined: it is somebody else's (`TEST_AMQP_URL`) and must not be stopped. */
  readonly control: Omit<RabbitNode, 'url' | 'stop'> | undefined;
  close(): Promise<void>;
}

/** Starts a node. Without RabbitMQ says so in one loud line; with `CI=true` that is a failure. */
export async function openNode(): Promise<TestNode> {
  const node = await startRabbit();
  if ('missing' in node) {
    sayMissing(node.missing);
    return { url: undefined, control: undefined, close: async () => {} };
  }
  return { url: node.url, control: node.managed ? node : undefined, close: () => node.stop() };
}

/** A part of the node that `rabbit-service.ts` has started, in which a shop is alone; undefined if there is no RabbitMQ. */
export async function openVhost(): Promise<string | undefined> {
  const rabbit = inject('rabbit');
  if ('missing' in rabbit) {
    sayMissing(rabbit.missing);
    return undefined;
  }
  if (!rabbit.control) return rabbit.url;
  const name = `test-${randomBytes(6).toString('hex')}`;
  await addVhost(rabbit.control, name);
  return `${rabbit.url}/${name}`;
}

/** Whether each test can have a part of its own. */
export function hasVhosts(): boolean {
  const rabbit = inject('rabbit');
  if ('missing' in rabbit) sayMissing(rabbit.missing);
  return 'control' in rabbit && rabbit.control !== undefined;
}

function sayMissing(what: string): void {
  const line = `RabbitMQ is missing, its suites are skipped: ${what}`;
  if (process.env['CI'] === 'true') throw new Error(line);
  console.warn(`\n*** ${line} ***\n`);
}
