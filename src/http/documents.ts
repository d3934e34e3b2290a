/** What the program tells of itself to programs. */
import { Hono } from 'hono';
import { allow } from './guard.ts';

/** A JSON document at `path`, for everybody: made when it is first asked for, and kept. */
export function documentRoute(path: string, make: () => Promise<object>): Hono {
  let made: Promise<string> | undefined;
  return new Hono().get(path, allow('anyone'), async (c) => {
    made ??= make().then((document) => JSON.stringify(document));
    return c.body(await made, 200, { 'content-type': 'application/json' });
  });
}
