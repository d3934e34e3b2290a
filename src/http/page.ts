/** Lists, page by page: `{data, nextCursor}`. */
import * as v from 'valibot';

const defaultLimit = 50;
const maxLimit = 100;
const maxCursorLength = 1_000;

export interface Page<Row> {
  readonly data: readonly Row[];
  /** To be given back as `after`; null on the last page. */
  readonly nextCursor: string | null;
}

/** How many rows a page has: 50 unless told, more than 100 is taken as 100. */
export const Limit = v.pipe(
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9][0-9]{0,8}$/, 'must be a whole number from 1'),
      v.transform((text) => Math.min(Number(text), maxLimit)),
    ),
    String(defaultLimit),
  ),
  v.metadata({
    description: `How many; more than ${maxLimit} is taken as ${maxLimit}.`,
    ...{ type: 'integer', minimum: 1, default: defaultLimit, pattern: undefined },
  }),
);

const isoMoment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/;

/** A moment in a query or a body, as `2026-03-01T12:00:00Z`; a day alone is its first moment in UTC. */
export const Moment = v.pipe(
  v.string(),
  v.check(
    (text) => isoMoment.test(text) && !Number.isNaN(Date.parse(text)),
    'must be a moment as 2026-03-01T12:00:00Z, or a day as 2026-03-01',
  ),
  v.description('A moment as 2026-03-01T12:00:00Z, or a day as 2026-03-01: its first moment in UTC.'),
  v.transform((text) => new Date(text)),
);

/** Where the last page ended: a `nextCursor`, which holds the key of its last row. `Key` is that key's schema. */
export function cursor<const Key extends v.GenericSchema<string>>(Key: Key) {
  return v.optional(
    v.pipe(
      v.string(),
      v.maxLength(maxCursorLength, 'must be a nextCursor'),
      v.description('The `nextCursor` of the page before.'),
      v.transform((text) => Buffer.from(text, 'base64url').toString()),
      v.check((key) => v.is(Key, key), 'must be a nextCursor'),
    ),
  );
}

/** Makes a page of rows that were asked for with `limit + 1`: the one too many says that there is a next page. */
export function page<Row>(rows: readonly Row[], limit: number, keyOf: (row: Row) => string): Page<Row> {
  const data = rows.slice(0, limit);
  const last = rows.length > limit ? data.at(-1) : undefined;
  // Opaque for clients, so that it may become something else.
  return { data, nextCursor: last === undefined ? null : Buffer.from(keyOf(last)).toString('base64url') };
}
