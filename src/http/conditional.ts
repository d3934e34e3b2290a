/** Answers that a reader may have already: a strong `ETag`, and 304 for who has just these bytes (RFC 9110, 8.8 and 13.1.2). */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';

/** 132 bits: two contents with one tag will not be met. */
const tagLength = 22;

/**
 * Answers with `value` as JSON, or with 304. The tag is made of the bytes themselves: the same at every replica, and another one also
 * when a new version of the program shows more.
 */
export function conditionalJson(c: Context, value: object): Response {
  const text = JSON.stringify(value);
  const tag = createHash('sha256').update(text).digest('base64url').slice(0, tagLength);
  c.header('etag', `"${tag}"`);
  // It may be kept by whoever asked, who asks again before each use: what is shown changes within milliseconds.
  c.header('cache-control', 'private, no-cache');
  if (isNamed(tag, c.req.header('if-none-match'))) return c.body(null, 304);
  return c.body(text, 200, { 'content-type': 'application/json' });
}

/** Whether `If-None-Match` names the tag. For reading, a weak tag is as good as a strong one. */
function isNamed(tag: string, header: string | undefined): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return [...header.matchAll(/"([^"]*)"/g)].some(([, named]) => named === tag);
}
