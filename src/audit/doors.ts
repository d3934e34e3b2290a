/** Facts of a module of which only the HTTP door is known: what `GET /admin/{module}/facts` streams. */
import * as v from 'valibot';
import { Fact, type Facts, type ReadFacts } from '../contracts/facts.ts';
import { factsEnd, factsPath } from '../http/index.ts';
import type { ModuleName } from '../modules/module.ts';

/** No fact is longer: an order of 100 lines is about 12 KiB. */
const maxLineLength = 256 * 1_024;

/** `url`: where the module serves. `token`: shown to it, where it asks for one. Errors name the door, never what it said. */
export const doorFacts =
  (module: ModuleName, url: string, token: string | undefined): ReadFacts =>
  async (scope, work) => {
    const door = new URL(factsPath(module, scope), `${url.replace(/\/+$/, '')}/`);
    const abort = new AbortController();
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(door, { headers, signal: abort.signal }).catch((error: unknown) => {
      throw new Error(`${door.origin} does not answer`, { cause: error });
    });
    try {
      if (response.status === 401 || response.status === 403)
        throw new Error(
          `${door.origin} lets nobody read its facts without a token for administrators (${response.status}): set ADMIN_TOKEN`,
        );
      if (response.status !== 200 || !response.body)
        throw new Error(`${door.origin}${door.pathname} answered with ${response.status}`);
      return await work(read(response.body, `${door.origin}${door.pathname}`));
    } finally {
      // A reader that stops early leaves nobody streaming.
      abort.abort();
    }
  };

/** Each piece that arrives is a portion. Throws if the stream ends before its last line. */
async function* read(body: ReadableStream<Uint8Array>, door: string): Facts {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxLineLength) throw new Error(`${door} sends a line that is too long`);
    const isLast = lines.at(-1) === factsEnd;
    if (isLast) lines.pop();
    yield lines.map((line) => parse(line, door));
    if (isLast) return;
  }
  throw new Error(`${door} stopped before the end`);
}

function parse(line: string, door: string): Fact {
  try {
    return v.parse(Fact, JSON.parse(line));
  } catch (error) {
    throw new Error(`${door} sends what is no fact: is it another version?`, { cause: error });
  }
}
