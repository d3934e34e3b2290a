/** What the program tells of itself to programs. */
import { Hono, type MiddlewareHandler } from 'hono';
import { allow } from './guard.ts';
import * as docs from './server.docs.ts';

/** A JSON document at `path`, for everybody: made when it is first asked for, and kept. `told`: what is said of the route. */
export function documentRoute(path: string, told: MiddlewareHandler, make: () => Promise<object>): Hono {
  let text: Promise<string> | undefined;
  return new Hono().get(path, told, allow('anyone'), async (c) => {
    text ??= make().then((document) => JSON.stringify(document));
    return c.body(await text, 200, { 'content-type': 'application/json' });
  });
}

/** Where the messages are described. */
export const asyncApiRoute = (make: () => Promise<object>) =>
  documentRoute('/asyncapi.json', docs.asyncApi, make);
