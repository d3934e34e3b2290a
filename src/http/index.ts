/** The kit that all doors share. */
export { Cursor, encodeCursor, Limit, type Page, page } from './page.ts';
export { type Fault, problem } from './problem.ts';
export { type Check, createApp, type Listening, listen, PortInUse } from './server.ts';
export { body, param, query } from './validate.ts';
