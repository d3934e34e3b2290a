/** The kit that all doors share. */
export { Account, messagingRoutes } from './failures.ts';
export { cursor, Limit, page } from './page.ts';
export { type Fault, problem } from './problem.ts';
export { createApp, listen, PortInUse } from './server.ts';
export { body, param, query } from './validate.ts';
