/** A RabbitMQ node for all test files that only use one: each is alone in virtual hosts of its own. */
import type { TestProject } from 'vitest/node';
import { startRabbit } from './rabbit.ts';
import type { Control } from './rabbit-control.ts';

declare module 'vitest' {
  interface ProvidedContext {
    rabbit: { readonly url: string; readonly control: Control | undefined } | { readonly missing: string };
  }
}

/** Several projects ask for it in one run: they share one node. */
let shared: ReturnType<typeof startRabbit> | undefined;
let users = 0;

export default async function setup(project: TestProject) {
  shared ??= startRabbit();
  users += 1;
  const node = await shared;
  if ('missing' in node) {
    project.provide('rabbit', node);
    return;
  }
  project.provide('rabbit', { url: node.url, control: node.managed ? node.control : undefined });
  return async () => {
    users -= 1;
    if (users === 0) await node.stop();
  };
}
