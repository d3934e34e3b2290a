/** What a door lets in: bodies, queries and paths that fit their valibot schema; all else is answered here. */
import type { Context, MiddlewareHandler } from 'hono';
import * as v from 'valibot';
import { noted, notedParameters, shown } from './operation.ts';
import { type Fault, problem } from './problem.ts';

/** An order of 100 lines is about 15 KiB; this leaves room and bounds what a stranger can make us hold. */
const maxBodyBytes = 256 * 1_024;
/** More faults than this say no more. */
const maxFaults = 100;

type Validating<Target extends string, Schema extends v.GenericSchema> = MiddlewareHandler<
  object,
  string,
  { in: Record<Target, v.InferInput<Schema>>; out: Record<Target, v.InferOutput<Schema>> }
>;

/** Lets in a JSON body that fits; the handler reads `c.req.valid('json')`. 400, 413, 415 or 422 otherwise. */
export function body<const Schema extends v.GenericSchema>(schema: Schema): Validating<'json', Schema> {
  const read: Validating<'json', Schema> = async (c, next) => {
    const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json')
      return problem(c, 'body_not_json_type', {
        detail: 'Send it with the content type application/json.',
      });
    const bytes = await readBody(c);
    if (bytes === 'cut off')
      return problem(c, 'body_cut_off', { detail: 'The connection ended before it did.' });
    if (bytes === 'too large') {
      // What is still on its way is not read any more.
      c.header('connection', 'close');
      return problem(c, 'body_too_large', { detail: `At most ${maxBodyBytes} bytes are read.` });
    }
    let content: unknown;
    try {
      content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    } catch {
      return problem(c, 'body_not_json', { detail: 'It cannot be parsed.' });
    }
    const parsed = v.safeParse(schema, content);
    if (!parsed.success)
      return problem(c, 'invalid_body', {
        errors: faultsOf(schema, parsed.issues, (path) => ({ pointer: pointerTo(path) })),
      });
    c.req.addValidatedData('json', parsed.output as object);
    return next();
  };
  return noted(read, {
    requestBody: { required: true, content: { 'application/json': { schema: shown(schema) } } },
    'x-problems': ['body_not_json_type', 'body_cut_off', 'body_too_large', 'body_not_json', 'invalid_body'],
  });
}

/** Lets in a query that fits; the handler reads `c.req.valid('query')`. 422 otherwise. */
export function query<const Schema extends v.GenericSchema>(schema: Schema): Validating<'query', Schema> {
  const read: Validating<'query', Schema> = async (c, next) => {
    const parsed = v.safeParse(schema, c.req.query());
    const errors = parsed.success
      ? []
      : faultsOf(schema, parsed.issues, (path) => ({ parameter: path.join('.') }));
    for (const [parameter, values] of Object.entries(c.req.queries()))
      if (values.length > 1) errors.push({ parameter, detail: 'is given more than once' });
    if (!parsed.success || errors.length > 0) return problem(c, 'invalid_query', { errors });
    c.req.addValidatedData('query', parsed.output as object);
    return next();
  };
  return notedParameters(read, 'query', schema);
}

/** Lets in a path that fits; the handler reads `c.req.valid('param')`. 404 otherwise: nothing can have such a name. */
export function param<const Schema extends v.GenericSchema>(schema: Schema): Validating<'param', Schema> {
  const read: Validating<'param', Schema> = async (c, next) => {
    const parsed = v.safeParse(schema, c.req.param());
    if (!parsed.success) return problem(c, 'not_found', { detail: `Nothing is at ${c.req.path}.` });
    c.req.addValidatedData('param', parsed.output as object);
    return next();
  };
  return notedParameters(read, 'param', schema);
}

/** A declared length is trusted, Node's parser holds the sender to it; otherwise bytes are counted. A sender may leave in the middle. */
async function readBody(c: Context): Promise<Uint8Array | 'too large' | 'cut off'> {
  const declared = c.req.header('content-length');
  try {
    if (declared !== undefined && c.req.header('transfer-encoding') === undefined)
      return Number(declared) > maxBodyBytes ? 'too large' : new Uint8Array(await c.req.arrayBuffer());
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of c.req.raw.body ?? []) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) return 'too large';
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch {
    return 'cut off';
  }
}

type Path = readonly (string | number)[];

function faultsOf(
  schema: v.GenericSchema,
  issues: readonly v.BaseIssue<unknown>[],
  where: (path: Path) => { pointer: string } | { parameter: string },
): Fault[] {
  const faults = issues.flatMap((issue) => {
    const path: Path = issue.path?.map(({ key }) => key as string | number) ?? [];
    const paths = issue.expected === 'never' ? unknownProperties(schema, path, issue) : [path];
    return paths.map((at) => ({ ...where(at), detail: detailOf(issue) }));
  });
  return faults.slice(0, maxFaults);
}

/** What an object or an array may hold, where a schema says so. */
interface Shape extends v.GenericSchema {
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly item?: Shape;
}

/** valibot names the first unknown property of an object; here are all of them. */
function unknownProperties(schema: Shape, path: Path, issue: v.BaseIssue<unknown>): readonly Path[] {
  const parent = path.slice(0, -1);
  const shape = parent.reduce<Shape | undefined>(
    (outer, key) => outer?.entries?.[key] ?? outer?.item,
    schema,
  );
  return Object.keys(Object(issue.path?.at(-1)?.input))
    .filter((key) => !Object.hasOwn(shape?.entries ?? {}, key))
    .map((key) => [...parent, key]);
}

/** RFC 6901. */
function pointerTo(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** What is wrong, in a sentence that begins with what the pointer names. The value itself is not repeated: it may be a secret. */
function detailOf(issue: v.BaseIssue<unknown>): string {
  // A schema's own words come first; valibot's begin so.
  if (!issue.message.startsWith('Invalid ')) return issue.message;
  if (issue.expected === 'never') return 'is not a known property';
  if (issue.received === 'undefined') return 'is required';
  switch (issue.type) {
    case 'min_value':
      return `must be at least ${issue.requirement}`;
    case 'max_value':
      return `must be at most ${issue.requirement}`;
    case 'min_length':
      return `must have at least ${issue.requirement} characters`;
    case 'max_length':
      return `must have at most ${issue.requirement} characters`;
    case 'picklist':
      return `must be one of ${issue.expected
        ?.replaceAll(/[("|)]/g, ' ')
        .trim()
        .split(/\s+/)
        .join(', ')}`;
    case 'strict_object':
    case 'object':
      return 'must be an object';
    case 'array':
      return 'must be an array';
    default:
      return `must be ${article(issue.expected)}`;
  }
}

function article(expected: string | null): string {
  if (!expected) return 'otherwise';
  return /^[a-z]+$/.test(expected) ? `a ${expected}` : expected;
}
