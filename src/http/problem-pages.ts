/** Where the `type` of a problem leads: the docs of every kind, served by the program itself. */
import { type Context, Hono } from 'hono';
import { allow } from './guard.ts';
import { problem } from './problem.ts';
import { entryOf, isCode, problemList } from './problems.ts';
import * as docs from './server.docs.ts';

/** `/problems` and `/problems/{code}`: where the `type` of a problem leads. */
export function problemRoutes(): Hono {
  const answer = (c: Context, text: string) =>
    c.text(text, 200, { 'content-type': 'text/markdown; charset=utf-8' });
  return new Hono()
    .get('/problems', docs.listProblems, allow('anyone'), (c) => answer(c, problemList()))
    .get('/problems/:code', docs.findProblem, allow('anyone'), (c) => {
      const code = c.req.param('code');
      return isCode(code)
        ? answer(c, entryOf(code))
        : problem(c, 'not_found', { detail: `Nothing is at ${c.req.path}.` });
    });
}
