/** Whether a server answers as its OpenAPI document says: every status, media type, header and body. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

export interface Media {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  /** Of an event or a line. */
  readonly 'x-itemSchema'?: object;
}
export interface Answer {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, Media>>;
}
export interface Operation {
  readonly operationId: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly {
    readonly in: string;
    readonly name: string;
    readonly schema: { readonly examples?: readonly string[] };
  }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Answer>>;
}
export interface Document {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly headers: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, Answer>>;
  };
}

export interface Contract {
  /** Every operation with its method and path. */
  readonly operations: readonly {
    readonly method: string;
    readonly path: string;
    readonly operation: Operation;
  }[];
  /** Throws where the answer is not among the operation's. Reads a copy of its body, unless it is a stream of events. */
  check(method: string, path: string, response: Response): Promise<void>;
  /** What is wrong with a value; none: nothing. `pointer`: where its schema is in the document. */
  faultsOf(pointer: string, value: unknown): string;
}

export const pointerOf = (...keys: readonly string[]) =>
  `#/${keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

/** Where there is no operation: what could not be read, and unknown paths and methods. */
const ofNone = new Set([400, 404, 405, 408, 431]);

/** Nothing that the document does not name: what is not written down cannot be relied on. */
const strict = (document: unknown): unknown =>
  JSON.parse(JSON.stringify(document), (_, value) =>
    value?.type === 'object' && value.properties && value.additionalProperties === undefined
      ? { ...value, additionalProperties: false }
      : value,
  );

export function createContract(document: Document): Contract {
  const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addSchema({ ...(strict(document) as object), $id: 'api' });
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method, path, operation })),
  );
  const documented = new Set(Object.keys(document.components.headers).map((name) => name.toLowerCase()));

  function faultsOf(pointer: string, value: unknown): string {
    const validate = ajv.getSchema(`api${pointer}`);
    if (!validate) throw new Error(`the document has no schema at ${pointer}`);
    return validate(value) ? '' : ajv.errorsText(validate.errors);
  }

  async function check(asked: string, url: string, response: Response): Promise<void> {
    const fail = (why: string) => {
      throw new Error(`${asked} ${url}, ${response.status}: ${why}`);
    };
    const path = new URL(url, 'http://x').pathname;
    const method = asked.toLowerCase() === 'head' ? 'get' : asked.toLowerCase();
    const found = operations
      .filter((one) => one.method === method && fits(one.path, path))
      .sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
    if (!found) {
      if (!ofNone.has(response.status)) fail('there is no such operation');
      return;
    }
    const told = found.operation.responses[response.status];
    if (!told) return fail(`it is not an answer of ${found.operation.operationId}`);
    const shared = told.$ref?.split('/').at(-1);
    const answer = shared === undefined ? told : document.components.responses[shared];
    const place =
      shared === undefined
        ? ['paths', found.path, found.method, 'responses', String(response.status)]
        : ['components', 'responses', shared];
    const known = new Set(Object.keys(answer?.headers ?? {}).map((name) => name.toLowerCase()));
    for (const name of response.headers.keys())
      if (documented.has(name) && !known.has(name)) fail(`the header ${name} is not documented`);
    const type = response.headers.get('content-type')?.split(';')[0];
    if (type === undefined) {
      if (answer?.content) fail('it has no content');
      return;
    }
    if (!answer?.content?.[type]) return fail(`${type} is not documented`);
    if (asked.toLowerCase() === 'head' || !type.endsWith('json')) return;
    const text = await response.clone().text();
    const [value, schema] = type.endsWith('ndjson')
      ? [
          text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
          'x-itemSchema',
        ]
      : [[JSON.parse(text)], 'schema'];
    for (const one of value) {
      const faults = faultsOf(pointerOf(...place, 'content', type, schema), one);
      if (faults) fail(`${faults} in ${JSON.stringify(one).slice(0, 500)}`);
    }
  }

  return { operations, check, faultsOf };
}

function fits(template: string, path: string): boolean {
  const expected = template.split('/');
  const actual = path.split('/');
  return (
    expected.length === actual.length &&
    expected.every((part, n) => (part.startsWith('{') ? actual[n] !== '' : part === actual[n]))
  );
}
