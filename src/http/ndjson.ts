/** Answers of any length: a JSON object a line, as fast as it is read and no faster. */
import type { Context } from 'hono';

/** A reader that takes nothing for so long has gone without a word. */
const stallMs = 10 * 60_000;

/**
 * Answers with what `produce` writes. A write resolves when the reader has taken it, and rejects when the reader is gone: then
 * `produce` must end. What fails before the first line is thrown; after it the answer is cut off.
 */
export function ndjson(
  c: Context,
  produce: (write: (lines: readonly string[]) => Promise<void>) => Promise<void>,
): Promise<Response> {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  return new Promise((resolve, reject) => {
    const write = async (lines: readonly string[]) => {
      resolve(c.body(readable, 200, { 'content-type': 'application/x-ndjson' }));
      const stalled = setTimeout(() => void writer.abort(new Error('the reader has stalled')), stallMs);
      try {
        await writer.write(encoder.encode(lines.map((line) => `${line}\n`).join('')));
      } finally {
        clearTimeout(stalled);
      }
    };
    produce(write)
      .then(
        () => writer.close(),
        (error: unknown) => {
          reject(error);
          return writer.abort(error);
        },
      )
      .catch(() => {});
  });
}
