/** The OpenAPI document of a server, made of what its doors say of themselves (`operation.ts`) and of the catalogue of problems. */
import type { Hono } from 'hono';
import { generateSpecs } from 'hono-openapi';
import * as v from 'valibot';
import { securityOf, unmarked } from './guard.ts';
import { type Example, type HeaderName, type Note, named, shown } from './operation.ts';
import { problemContentType, problemDetails } from './problem.ts';
import { type Code, codes, problems } from './problems.ts';
import { scopes } from './tokens.ts';

type Json = Record<string, unknown>;

/** What `generateSpecs` leaves to be made. */
interface Draft extends Omit<Note, 'parameters' | 'responses' | 'requestBody'> {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly responses?: Readonly<
    Record<string, Json & { 'x-headers'?: readonly HeaderName[]; content?: Json }>
  >;
  readonly requestBody?: { readonly content: Readonly<Record<string, Json>> };
}

const headers: Readonly<Record<HeaderName, { readonly description: string; readonly schema: Json }>> = {
  ETag: { description: 'To be given back as `If-None-Match`.', schema: { type: 'string' } },
  'Idempotent-Replayed': {
    description: 'This is the first answer to this `Idempotency-Key` once more.',
    schema: { type: 'string', const: 'true' },
  },
  Location: { description: 'Where it is.', schema: { type: 'string', format: 'uri-reference' } },
  'Preference-Applied': {
    description: 'The outcome was waited for, as `Prefer` asked.',
    schema: { type: 'string' },
  },
  RateLimit: {
    description:
      'How many requests of this minute are left, and for how many seconds. Only where they are counted.',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'How many requests a minute are answered. Only where they are counted.',
    schema: { type: 'string' },
  },
  'Retry-After': { description: 'In seconds.', schema: { type: 'integer', minimum: 1 } },
  'WWW-Authenticate': { description: 'What the token lacks (RFC 6750).', schema: { type: 'string' } },
};

const Fault = v.object({
  pointer: v.optional(v.pipe(v.string(), v.description('A JSON pointer into the body.'))),
  parameter: v.optional(v.pipe(v.string(), v.description('The name of a parameter of the query.'))),
  detail: v.string(),
});

export const Problem = named(
  'Problem',
  v.object({
    type: v.pipe(v.string(), v.description('Its page, on this server.')),
    title: v.string(),
    status: v.pipe(v.number(), v.integer()),
    code: v.picklist(codes),
    detail: v.optional(v.string()),
    errors: v.optional(v.array(Fault)),
    traceId: v.pipe(v.string(), v.description('What the log calls the request.')),
  }),
);

/** What every request may be answered with, before any route looks at it or when one fails. */
const always: readonly Code[] = [
  'malformed_request',
  'request_timeout',
  'headers_too_large',
  'internal_error',
];
/** The same where a token is asked for. */
const guarded: readonly Code[] = [
  ...(['token_needed', 'token_invalid', 'forbidden', 'too_many_requests', 'tokens_unavailable'] as const),
];

/** What every answer may have where requests are counted. */
const counted: readonly HeaderName[] = ['RateLimit', 'RateLimit-Policy'];

const description = `Takes customers' orders and carries each one through stock and payment to exactly one end: confirmed, rejected or cancelled.

- **Errors** are problem details (RFC 9457): switch on \`code\`. Each operation names those it can answer with. Unknown paths are \`route_not_found\`, other methods \`method_not_allowed\`.
- **Money** is in minor units (cents).
- **Lists** are \`{data, nextCursor}\`: give \`nextCursor\` back as \`after\`; null is the last page.
- **To send again**: a POST with an \`Idempotency-Key\` has one effect, however often it comes.
- **Tokens** are asked for where \`AUTH=jwt\`: a customer's has the scope \`orders\`, an operator's \`admin\`, which may do everything.
- Properties may be added to answers: ignore those that you do not know.`;

const tags: Readonly<Record<string, string>> = {
  Orders: 'What customers do.',
  Products: 'What is sold, and how much of it there is.',
  Payments: 'What orders cost, and whether it was paid.',
  Webhooks: 'Who is told of outcomes, and what is on its way to whom. For administrators.',
  Operation: 'Messages that wait or have failed, and whether all modules agree. For administrators.',
  Server: 'What every process answers.',
};

/** Makes the document of everything that `app` serves. `version`: the program's. */
export async function openApiOf(app: Hono, version: string): Promise<object> {
  const drafts = await generateSpecs(app, {
    excludeStaticFile: false,
    // A route that says nothing is there too: what it lacks is found by whoever looks at the document.
    includeEmptyPaths: true,
    defaultValidationErrorResponse: false,
    documentation: {
      info: {
        title: 'order-saga',
        version,
        description,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'Whatever has served this document.' }],
    },
  });
  const responses: Record<string, Json> = {};
  const paths: Record<string, Record<string, Json>> = {};
  for (const [path, item] of Object.entries(drafts.paths)) {
    const operations: Record<string, Json> = {};
    for (const [method, draft] of Object.entries(item))
      operations[method] = await finished(method, draft as unknown as Draft, responses);
    paths[path] = operations;
  }
  const used = new Set(
    Object.values(paths).flatMap((item) => Object.values(item).flatMap((one) => one['tags'])),
  );
  const { schema: _, components: problem } = await shown(Problem).toOpenAPISchema();
  return {
    ...drafts,
    tags: Object.entries(tags).flatMap(([name, text]) =>
      used.has(name) ? [{ name, description: text }] : [],
    ),
    paths: sorted(paths),
    components: {
      schemas: sorted({ ...drafts.components.schemas, ...problem?.schemas }),
      responses: sorted(responses),
      headers: usedHeaders({ paths, responses }),
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: `Its claim \`scope\` holds some of ${scopes.join(', ')}; \`sub\` is the customer.`,
        },
      },
    },
  };
}

async function finished(method: string, draft: Draft, shared: Record<string, Json>): Promise<Json> {
  const {
    'x-problems': own = [],
    'x-headers': more = [],
    'x-examples': examples,
    requestBody,
    responses = {},
    parameters = [],
    security = securityOf(unmarked),
    ...rest
  } = draft;
  const isOpen = security.length === 0;
  const met = new Set<Code>([...always, ...(isOpen ? [] : guarded), ...own]);
  if (parameters.some((one) => one.in === 'query')) met.add('invalid_query');
  if (parameters.some((one) => one.in === 'path')) met.add('not_found');
  // What only reads has done nothing in any case.
  if (method !== 'get' && met.has('unavailable')) met.add('outcome_unknown');
  const successes = Object.entries(responses).map(async ([status, response]) => {
    const { 'x-headers': named = [], content, ...others } = response;
    return [
      status,
      {
        ...others,
        ...headersOf([...named, ...more, ...(isOpen ? [] : counted)]),
        ...(await contentOf(content)),
      },
    ];
  });
  return {
    ...rest,
    security,
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody: withExamples(requestBody, examples) }),
    responses: {
      ...Object.fromEntries(await Promise.all(successes)),
      ...problemResponses(met, shared),
    },
  };
}

const headersOf = (names: readonly HeaderName[]) =>
  names.length === 0
    ? {}
    : {
        headers: Object.fromEntries(
          [...new Set(names)].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
        ),
      };

const usedHeaders = (document: object) => {
  const text = JSON.stringify(document);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => text.includes(`"#/components/headers/${name}"`)),
  );
};

/** An answer's media types; what a stream is made of is still a schema of ours. */
async function contentOf(content: Json | undefined) {
  if (!content) return {};
  const medias = Object.entries(content).map(async ([type, media]) => {
    const { 'x-itemSchema': items, ...rest } = media as Json & { 'x-itemSchema'?: ReturnType<typeof shown> };
    return [type, items ? { ...rest, 'x-itemSchema': (await items.toOpenAPISchema()).schema } : rest];
  });
  return { content: Object.fromEntries(await Promise.all(medias)) };
}

function withExamples(
  { content, ...rest }: NonNullable<Draft['requestBody']>,
  examples: Readonly<Record<string, Example>> | undefined,
) {
  const medias = Object.entries(content).map(([type, media]) => [
    type,
    { ...media, ...(examples && { examples }) },
  ]);
  return { ...rest, content: Object.fromEntries(medias) };
}

/** One response for each status, shared by all operations that have the same problems there. */
function problemResponses(met: ReadonlySet<Code>, shared: Record<string, Json>): Json {
  const refs: Json = {};
  for (const { status } of [...met].map((code) => problems[code])) {
    const some = codes.filter((code) => met.has(code) && problems[code].status === status);
    const name = some.join('.');
    shared[name] ??= problemResponse(some);
    refs[status] = { $ref: `#/components/responses/${name}` };
  }
  return refs;
}

function problemResponse(some: readonly Code[]): Json {
  return {
    description: some.map((code) => `\`${code}\`: ${problems[code].meaning}`).join('\n\n'),
    ...headersOf([...some.flatMap((code) => problems[code].headers ?? []), ...counted]),
    content: {
      [problemContentType]: {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { properties: { code: { enum: some } }, required: ['code'] },
          ],
        },
        examples: Object.fromEntries(some.map((code) => [code, exampleOf(code)])),
      },
    },
  };
}

const faults: Partial<Record<Code, readonly { pointer?: string; parameter?: string; detail: string }[]>> = {
  invalid_body: [{ pointer: '/lines/0/quantity', detail: 'must be at least 1' }],
  invalid_query: [{ parameter: 'limit', detail: 'must be a whole number from 1' }],
  order_not_placeable: [{ pointer: '/lines/0/sku', detail: 'there is no product MUG-99' }],
};

function exampleOf(code: Code): Example {
  const errors = faults[code];
  return {
    summary: problems[code].title,
    value: { ...problemDetails(code, '4bf92f3577b34da6a3ce929d0e0e4736'), ...(errors && { errors }) },
  };
}

const sorted = (named: object) =>
  Object.fromEntries(Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1)));
