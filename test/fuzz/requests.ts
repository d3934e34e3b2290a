/** HTTP requests: real ones, changed in places, and bytes that only look like one. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { type Content, content, hostile, type Json, mutated, render, spell } from './hostile.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Content | undefined;
}

/** Bytes on a socket, as latin1 text, and how the sender leaves: never early, in the middle (FIN), or rudely (RST). */
export interface Spoken {
  readonly bytes: string;
  readonly leaves: 'late' | 'early' | 'rudely';
}

export type HttpInput = Asked | Spoken;

/** What came back; null where nothing need come: the sender has left, or what it said was no request. */
export interface Answer {
  /** What was asked, as it went out. */
  readonly path?: string;
  readonly status: number | null;
  readonly contentType: string;
  readonly text: string;
}

export const skus = ['MUG-01', 'TEE-01', 'CAP-01', 'BAG-01', 'PEN-01', 'FUZZ-1', 'FUZZ-2', 'FUZZ-3'] as const;
export const tokens = [
  'tok_visa',
  'tok_visa',
  'tok_declined',
  'tok_insufficient_funds',
  'tok_other',
] as const;

const sku = fc.constantFrom(...skus);
const line = fc.record({ sku, quantity: fc.integer({ min: 1, max: 3 }) });
const cart = fc.record(
  {
    customerId: fc.constantFrom('cus_1', 'cus_2', 'Zoë 💥', 'x'.repeat(100)),
    lines: fc.uniqueArray(line, { minLength: 1, maxLength: 4, selector: (one) => one.sku }),
    paymentToken: fc.constantFrom(...tokens),
    email: fc.constantFrom('zoe@example.com', 'a.b+c@mail.example.com'),
  },
  { requiredKeys: ['customerId', 'lines', 'paymentToken'] },
);
const product = fc.record({
  name: fc.constantFrom('Mug', 'Tasse à café', '💥', 'x'.repeat(200)),
  unitPrice: fc.integer({ min: 1, max: 5_000 }),
  currency: fc.constant('EUR'),
});
const receipt = fc.record({ quantity: fc.constantFrom(1, 1_000, 1_000_000) });
const order = fc.oneof(
  { weight: 4, arbitrary: fc.nat(199).map((n) => `order#${n}`) },
  { weight: 1, arbitrary: fc.nat(99).map((n) => `foreign#${n}`) },
);
const limit = fc.constantFrom('1', '50', '100', '101', '0', '-1', '1e3', '');
const cursors = fc.constantFrom(
  'TVVHLTAx',
  Buffer.from('01a20d4e-2116-73a4-ac27-ca1dece9e99f').toString('base64url'),
);

const module = fc.constantFrom('order', 'stock', 'payment');
const failure = fc.oneof(
  order,
  fc.nat(300).map((n) => `id#${n}`),
);
const account = { by: fc.constantFrom('zoe', 'Zoë 💥'), reason: fc.constant('they cannot be') };
const action = fc.oneof(
  fc.record({ ...account, ids: fc.array(failure, { minLength: 1, maxLength: 5 }) }),
  fc.record({
    ...account,
    group: fc.record({
      type: fc.constantFrom(null, 'stock.reserve'),
      error: fc.constantFrom('Error: x', 'two\nlines'),
    }),
  }),
  fc.record({ ...account, all: fc.constant(true) }),
);

const query = (parameters: Record<string, fc.Arbitrary<string>>) =>
  fc.record(parameters, { requiredKeys: [] });
const noQuery = fc.constant({});
const noBody = fc.constant(undefined);
const json = (value: fc.Arbitrary<Json>) => content(mutated(value));

/** Every door but those that read everything, which are one reader's: how it is used well. What is asked of it is then changed. */
const doors: readonly (readonly [
  weight: number,
  method: string,
  segments: readonly (string | fc.Arbitrary<string>)[],
  parameters: fc.Arbitrary<Partial<Record<string, string>>>,
  body: fc.Arbitrary<Content | undefined>,
])[] = [
  [30, 'POST', ['orders'], noQuery, json(cart)],
  [6, 'GET', ['orders', order], noQuery, noBody],
  [
    6,
    'GET',
    ['orders'],
    query({
      customerId: fc.constant('cus_1'),
      status: fc.constantFrom('pending', 'confirmed'),
      limit,
      after: cursors,
    }),
    noBody,
  ],
  [8, 'POST', ['orders', order, 'cancel'], noQuery, fc.oneof(noBody, json(fc.constant({})))],
  [6, 'GET', ['products'], query({ limit, after: cursors }), noBody],
  [6, 'GET', ['products', sku], noQuery, noBody],
  [14, 'PUT', ['products', sku], noQuery, json(product)],
  [12, 'POST', ['products', sku, 'receipts'], noQuery, json(receipt)],
  [8, 'GET', ['payments'], query({ orderId: order, limit, after: cursors }), noBody],
  [4, 'GET', ['admin', module, fc.constantFrom('outbox', 'failures')], noQuery, noBody],
  [3, 'GET', ['admin', module, 'failures', failure], noQuery, noBody],
  [6, 'POST', ['admin', module, 'failures', fc.constantFrom('redrive', 'discard')], noQuery, json(action)],
  [3, 'POST', ['admin', 'order', 'orders', order, 'deadline'], noQuery, json(fc.record(account))],
  [
    4,
    'GET',
    [
      fc.constantFrom(
        'livez',
        'readyz',
        '',
        'metrics',
        'docs',
        'openapi.json',
        'admin/order/failures',
        'nowhere',
      ),
    ],
    noQuery,
    noBody,
  ],
];

const hostileText = hostile.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
const sometimes = <T>(weight: number, usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 100 - weight, arbitrary: usual }, { weight, arbitrary: odd });

const headers = (hasBody: boolean) =>
  fc
    .record({
      type: sometimes(
        6,
        fc.constantFrom('application/json', 'application/json; charset=utf-8', 'Application/JSON'),
        fc.constantFrom(
          'text/plain',
          'application/jsonx',
          'application/json;;',
          '',
          'multipart/form-data',
          'a/b\tc',
        ),
      ),
      key: fc.option(
        sometimes(
          30,
          fc.nat(50).map((n) => `key-${n}`),
          hostileText,
        ),
        { freq: 3, nil: undefined },
      ),
      other: sometimes(
        15,
        fc.constant<[string, string][]>([]),
        fc.array(
          fc.tuple(
            fc.constantFrom(
              'accept',
              'prefer',
              'authorization',
              'cookie',
              'traceparent',
              'content-encoding',
              '__proto__',
              'x',
              'origin',
              'if-match',
              'range',
              'upgrade',
              'x-forwarded-for',
              'x-http-method-override',
            ),
            hostileText,
          ),
          { minLength: 1, maxLength: 3 },
        ),
      ),
    })
    .map(({ type, key, other }) =>
      Object.fromEntries([
        ...(hasBody ? [['content-type', type]] : []),
        ...(key === undefined ? [] : [['idempotency-key', asHeader(key)]]),
        ...other.map(([name, value]) => [name, asHeader(value)]),
      ]),
    );

const asHeader = (value: string) =>
  Buffer.from(value)
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');
/** As a client must write it; whatever it may leave as it is stays. */
const asPath = (value: string) =>
  wellFormed(value).replaceAll(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));

const asked: fc.Arbitrary<Asked> = fc.oneof(
  ...doors.map(([weight, method, segments, parameters, body]) => ({
    weight,
    arbitrary: fc
      .record({
        method: sometimes(
          4,
          fc.constant(method),
          fc.constantFrom(
            'GET',
            'HEAD',
            'PUT',
            'PATCH',
            'DELETE',
            'OPTIONS',
            'TRACE',
            'PROPFIND',
            'M-SEARCH',
            'QUERY',
          ),
        ),
        segments: fc.tuple(
          ...segments.map((part) =>
            typeof part === 'string' ? fc.constant(part) : sometimes(12, part, hostileText),
          ),
        ),
        parameters,
        odd: sometimes(
          12,
          fc.constant<[string, string][]>([]),
          fc.array(
            fc.tuple(
              fc.constantFrom(
                'limit',
                'after',
                'status',
                'orderId',
                'customerId',
                '__proto__',
                'toString',
                'x',
                '',
              ),
              hostileText,
            ),
            { minLength: 1, maxLength: 2 },
          ),
        ),
        encoded: fc.boolean(),
        headers: headers(method !== 'GET'),
        body,
      })
      .map(
        ({ method: used, segments: parts, parameters: known, odd, encoded, headers: sent, body: said }) => {
          const write = (text: string) => (encoded ? text.replaceAll(/[^\w#.-]/gu, encode) : asPath(text));
          const pairs = [
            ...Object.entries(known).flatMap(([name, value]) =>
              value === undefined ? [] : [[name, value] as const],
            ),
            ...odd,
          ];
          const search = pairs.map(([name, value]) => `${write(name)}=${write(value)}`).join('&');
          return {
            method: used,
            path: `/${parts.map(write).join('/')}${search && `?${search}`}`,
            headers: sent,
            body: said,
          };
        },
      ),
  })),
);

const encode = (character: string) => encodeURIComponent(wellFormed(character));
/** Half a surrogate pair has no bytes. */
const wellFormed = (value: string) => Buffer.from(value).toString();

const text = '{"customerId":"cus_1","lines":[{"sku":"MUG-01","quantity":1}],"paymentToken":"tok_visa"}';
const opening = [
  'POST /orders HTTP/1.1',
  'Host: 127.0.0.1',
  'Content-Type: application/json',
  `Content-Length: ${text.length}`,
];
const oddLines = [
  ...[
    'GET / HTTP/9.9',
    'GET  /orders HTTP/1.1',
    'get /orders HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'PRI * HTTP/2.0',
  ],
  ...[
    'GET http://example.com/orders HTTP/1.1',
    'GET //orders HTTP/1.1',
    'GET /orders HTTP/1.0',
    'POST /orders',
    'GET /%ff%00 HTTP/1.1',
    'GET /a b HTTP/1.1',
  ],
  ...[
    'Host: a',
    'Host: [',
    'Host: a b',
    'Host:',
    'Host: a@b:c',
    'Host: xn--',
    'Host: 127.0.0.1:99999',
    'X'.repeat(20_000),
    `X: ${'y'.repeat(20_000)}`,
  ],
  ...[
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length: 1e3',
    'Content-Length: 300000',
    'Content-Length: 0',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
    'Transfer-Encoding: identity',
    'Expect: 100-continue',
    'Expect: x',
  ],
  ...[
    'Connection: upgrade\r\nUpgrade: websocket',
    'Connection: close',
    ' folded',
    ': no name',
    'a\u0000b: c',
    'é: è',
    'X: a\rb',
    'Content-Type: text/html',
  ],
];

const spoken: fc.Arbitrary<Spoken> = fc.record({
  bytes: fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .record({
          changes: fc.array(fc.tuple(fc.nat(4), fc.boolean(), fc.constantFrom(...oddLines)), {
            minLength: 1,
            maxLength: 3,
          }),
          end: fc.constantFrom('\r\n', '\n'),
          body: fc.constantFrom(
            text,
            text.slice(0, 20),
            `${text}${text}`,
            `5\r\nhello\r\n0\r\n\r\n`,
            'zz\r\nhello\r\n',
            '',
          ),
          cut: fc.option(fc.nat(300), { nil: undefined, freq: 4 }),
        })
        .map(({ changes, end, body, cut }) => {
          const lines = [...opening];
          for (const [at, replaces, odd] of changes) lines.splice(at, replaces ? 1 : 0, odd);
          return `${lines.join(end)}${end}${end}${body}`.slice(0, cut);
        }),
    },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    },
  ),
  leaves: fc.constantFrom('late', 'late', 'early', 'rudely'),
});

export const httpInputs: fc.Arbitrary<HttpInput> = fc.oneof(
  { weight: 95, arbitrary: asked },
  { weight: 5, arbitrary: spoken },
);

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
/** Nothing here takes this long: what does not answer by then hangs. */
const answerWithinMs = 15_000;
/** Whoever has said something that is not a whole request waits this long for an answer before leaving. */
const lateMs = 150;

export function send(
  url: string,
  input: HttpInput,
  lookUp: (word: string, n: number) => string,
): Promise<Answer> {
  return 'bytes' in input ? speak(url, input) : ask(url, input, lookUp);
}

function ask(
  url: string,
  { method, path, headers: sent, body }: Asked,
  lookUp: (word: string, n: number) => string,
): Promise<Answer> {
  const bytes = body && render(body, lookUp);
  const spelled = spell(path, lookUp);
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asking = httpRequest(
      {
        agent,
        hostname,
        port,
        method,
        path: spelled,
        headers: { ...sent, ...(bytes && { 'content-length': bytes.length }) },
        timeout: answerWithinMs,
      },
      (response) => resolve(read(response).then((answer) => ({ ...answer, path: spelled }))),
    );
    asking.once('timeout', () => asking.destroy(new Error(`no answer in ${answerWithinMs} ms`)));
    asking.once('error', reject);
    asking.end(bytes);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode ?? null,
    contentType: response.headers['content-type'] ?? '',
    text: Buffer.concat(chunks).toString(),
  };
}

function speak(url: string, { bytes, leaves }: Spoken): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes, 'latin1');
      if (leaves === 'early') socket.end();
      if (leaves === 'rudely') setImmediate(() => socket.resetAndDestroy());
    });
    socket.setEncoding('latin1').on('data', (part: string) => {
      answer += part;
    });
    socket.setTimeout(lateMs, () => socket.destroy());
    socket.on('error', () => {});
    socket.once('close', () => {
      const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
      resolve({ status: statuses.length > 0 ? Math.max(...statuses) : null, contentType: '', text: '' });
    });
  });
}
