/** A RabbitMQ node for one test file, which may stop it and wipe it without harm to the others. */
import { startRabbit } from './rabbit.ts';
import type { RabbitNode } from './rabbit-node.ts';

export interface TestNode {
  /** Undefined: none can be had, and the suites that need one are skipped. */
  readonly url: string | undefined;
  /** Undefined: it is somebody else's (`TEST_AMQP_URL`) and must not be stopped. */
  readonly control: Omit<RabbitNode, 'url' | 'stop'> | undefined;
  close(): Promise<void>;
}

/** Without RabbitMQ says so in one loud line; with `CI=true` that is a failure. */
export async function openNode(): Promise<TestNode> {
  const node = await startRabbit();
  if ('missing' in node) {
    const line = `RabbitMQ is missing, its suites are skipped: ${node.missing}`;
    if (process.env['CI'] === 'true') throw new Error(line);
    console.warn(`\n*** ${line} ***\n`);
    return { url: undefined, control: undefined, close: async () => {} };
  }
  return { url: node.url, control: node.managed ? node : undefined, close: () => node.stop() };
}
