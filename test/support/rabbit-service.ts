/** A RabbitMQ node for all test files that only use one: each is alone in virtual hosts of its own. */
import type { TestProject } from 'vitest/node';
import { startRabbit } from './rabbit.ts';
import type { Control } from './rabbit-control.ts';

declare module 'vitest' {
  interface ProvidedContext {
    rabbit: { readonly url: string; readonly control: Control | undefined } | { readonly missing: string };
  }
}

export default async function setup(project: TestProject) {
  const node = await startRabbit();
  if ('missing' in node) {
    project.provide('rabbit', node);
    return;
  }
  project.provide('rabbit', { url: node.url, control: node.managed ? node.control : undefined });
  return () => node.stop();
}
