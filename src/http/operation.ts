/**
 * What doors say of themselves, for the OpenAPI document. Whatever stands before a handler brings its own part: the guard its scope, a
 * schema the parameters or the body that it lets in, each the problems that it answers with. The rest is told in an `operation`.
 */
import type { MiddlewareHandler } from 'hono';
import { type DescribeRouteOptions, resolver, uniqueSymbol } from 'hono-openapi';
import * as v from 'valibot';
import type { Code } from './problems.ts';

/** The headers of answers; `openapi.ts` explains each. */
export type HeaderName =
  | 'ETag'
  | 'Idempotent-Replayed'
  | 'Location'
  | 'Preference-Applied'
  | 'RateLimit'
  | 'RateLimit-Policy'
  | 'Retry-After'
  | 'WWW-Authenticate';

/** A part of an operation, as OpenAPI has it, and what `openapi.ts` makes the rest of. Parts are put together, lists one after another. */
export interface Note extends Omit<DescribeRouteOptions, `x-${string}`> {
  readonly 'x-problems'?: readonly Code[];
  readonly 'x-headers'?: readonly HeaderName[];
  readonly 'x-examples'?: Readonly<Record<string, Example>>;
}

export interface Example {
  readonly summary: string;
  readonly value: unknown;
}

/** How a schema is shown: as what is sent, before anything is made of it. */
export const shown = (schema: v.GenericSchema) =>
  resolver(schema, { options: { typeMode: 'input', target: 'draft-2020-12' } });

/** Lets a middleware say what it means for the operation that it stands before. */
export function noted<Middleware extends object>(middleware: Middleware, note: Note): Middleware {
  return Object.assign(middleware, { [uniqueSymbol]: { spec: note } });
}

/** The same of a schema that lets in parameters: its properties are they. */
export function notedParameters<Middleware extends object>(
  middleware: Middleware,
  target: 'query' | 'param',
  schema: v.GenericSchema,
): Middleware {
  return Object.assign(middleware, { [uniqueSymbol]: { target, ...shown(schema) } });
}

/** A success. */
export interface AnswerNote {
  readonly description: string;
  /** Of its body; none: it has none. */
  readonly schema?: v.GenericSchema;
  /** `application/json` unless told; several: one of them. */
  readonly type?: string | readonly string[];
  readonly example?: unknown;
  /** What a stream is made of, an event or a line; `schema` is then that of its text. */
  readonly items?: v.GenericSchema;
  readonly headers?: readonly HeaderName[];
}

export interface Operation {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Bodies that may be sent as they are. */
  readonly examples?: Readonly<Record<string, Example>>;
  /** Headers that a request may have. */
  readonly headers?: readonly HeaderParameter[];
  readonly answers: Readonly<Record<number, AnswerNote>>;
  /** What is asked of others because of it. */
  readonly callbacks?: NonNullable<DescribeRouteOptions['callbacks']>;
  /** What its handler itself answers with; those of what stands before it are known. */
  readonly problems?: readonly Code[];
}

export interface HeaderParameter {
  readonly name: string;
  readonly description: string;
  readonly example: string;
}

/** Tells of a route: stands first among its handlers, and does nothing. */
export function operation(told: Operation): MiddlewareHandler {
  const { id, tag, summary, description, examples, headers = [], answers, callbacks, problems = [] } = told;
  return noted<MiddlewareHandler>((_, next) => next(), {
    operationId: id,
    tags: [tag],
    summary,
    ...(description && { description }),
    parameters: headers.map(headerParameter),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, responseOf(answer)]),
    ),
    ...(callbacks && { callbacks }),
    'x-problems': problems,
    ...(examples && { 'x-examples': examples }),
  });
}

export const headerParameter = ({ name, description, example }: HeaderParameter) =>
  ({ in: 'header', name, description, schema: { type: 'string', examples: [example] } }) as const;

function responseOf(answer: AnswerNote) {
  const { description, schema, type = 'application/json', example, items, headers = [] } = answer;
  const media = schema && {
    schema: shown(schema),
    ...(example !== undefined && { example }),
    ...(items && { 'x-itemSchema': shown(items) }),
  };
  return {
    description,
    ...(media && { content: Object.fromEntries([type].flat().map((one) => [one, media])) }),
    'x-headers': headers,
  };
}

/** A schema with a name of its own in the document. */
export const named = <const Schema extends v.GenericSchema>(ref: string, schema: Schema) =>
  v.pipe(schema, v.metadata({ ref }));

/** A moment in an answer. */
export const Time = v.pipe(v.string(), v.isoTimestamp());

/** A page in an answer. */
export const pageOf = <const Row extends v.GenericSchema>(row: Row) =>
  v.object({
    data: v.array(row),
    nextCursor: v.nullable(
      v.pipe(v.string(), v.description('To be given back as `after`; null on the last page.')),
    ),
  });

/** The answers of what is read with `conditionalJson`, and what a reader may say of what it has already. */
export const conditional = (answer: AnswerNote): Pick<Operation, 'headers' | 'answers'> => ({
  headers: [
    {
      name: 'If-None-Match',
      description: 'The `ETag` of what you have: if it is still so, the answer is a 304.',
      example: '"mMnJsTdVtYlWt7Y5lX4e0Q"',
    },
  ],
  answers: {
    200: { ...answer, headers: ['ETag'] },
    304: { description: 'It is as you have it.', headers: ['ETag'] },
  },
});
