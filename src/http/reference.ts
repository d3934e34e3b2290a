/** The server's own reference: what it serves as a document (OpenAPI), and as a page to read and to try. */
import { readFile } from 'node:fs/promises';
import { type Context, Hono } from 'hono';
import { documentRoute } from './documents.ts';
import { allow } from './guard.ts';
import { problem } from './problem.ts';
import * as docs from './server.docs.ts';

/** Where build.js lays what the page is made of: beside the bundle, read when somebody asks for it. */
const folder = new URL('./docs/', import.meta.url);

const types = { css: 'text/css', html: 'text/html; charset=utf-8', js: 'text/javascript' } as const;
const files: Readonly<Record<string, keyof typeof types>> = {
  'page.js': 'js',
  'swagger-ui.css': 'css',
  'swagger-ui-bundle.js': 'js',
};

/** Scripts, styles and requests of this server only, and none within the page; Swagger UI's style sheet holds its signs as images. */
const policy = [
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'",
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
].join('; ');

/** `/openapi.json` and `/docs`. */
export function referenceRoutes(makeDocument: () => Promise<object>): Hono {
  return new Hono()
    .route('/', documentRoute('/openapi.json', docs.openApi, makeDocument))
    .get('/docs', docs.docsPage, allow('anyone'), (c) => {
      c.header('content-security-policy', policy);
      return file(c, 'page.html', 'html');
    })
    .get('/docs/:file', docs.docsFile, allow('anyone'), (c) => {
      const name = c.req.param('file');
      const type = Object.hasOwn(files, name) ? files[name] : undefined;
      return type ? file(c, name, type) : nothing(c);
    });
}

async function file(c: Context, name: string, type: keyof typeof types): Promise<Response> {
  const content = await readFile(new URL(name, folder)).catch(() => undefined);
  // Who has taken the bundle alone has the document all the same.
  return content ? c.body(content, 200, { 'content-type': types[type] }) : nothing(c);
}

const nothing = (c: Context) => problem(c, 'not_found', { detail: `Nothing is at ${c.req.path}.` });
