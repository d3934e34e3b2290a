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
export const Limit = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^[1-9][0-9]{0,8}$/, 'must be a whole number from 1'),
    v.transform((text) => Math.min(Number(text), maxLimit)),
  ),
  String(defaultLimit),
);

/** Where the last page ended: the last page's `nextCursor`. */
export const Cursor = v.optional(
  v.pipe(
    v.string(),
    v.maxLength(maxCursorLength, 'must be a nextCursor'),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const parts = decodeCursor(dataset.value);
      if (parts) return parts;
      addIssue({ message: 'must be a nextCursor' });
      return NEVER;
    }),
  ),
);

/** Opaque for clients, so that its content may change. */
function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function decodeCursor(text: string): readonly string[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(parts) && parts.length > 0 && parts.every((part) => typeof part === 'string')
      ? parts
      : undefined;
  } catch {
    return undefined;
  }
}

/** Makes a page of rows that were asked for with `limit + 1`: the one too many says that there is a next page. */
export function page<Row>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => readonly string[],
): Page<Row> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return {
    data,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : null,
  };
}
