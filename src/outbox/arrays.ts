/**
 * PostgreSQL's arrays as parameters and results. The driver would ask for their types at every connect, and for that question
 * nobody answers: if the connection breaks meanwhile, the rejection is unhandled and the program ends (postgres 3.4.9). So the types
 * are told. Their numbers are the same in every PostgreSQL.
 */

import type { Sql } from './connection.ts';

type Element = string | number | boolean | Date | null;

const arrayType = <T>(oid: number, parse: (text: string) => T, literalOf = plainLiteralOf) => ({
  to: oid,
  from: [oid],
  serialize: (elements: readonly Element[]) => literalOf(elements),
  parse: (literal: string) => elementsOf(literal, parse),
});

/** `{1,2,null}`: for what is no string. */
const plainLiteralOf = (elements: readonly Element[]): string => `{${elements.map(textOf).join(',')}}`;

const textOf = (element: Element) => (element instanceof Date ? element.toISOString() : String(element));

/** `{"a","b",null}`: strings in quotes, so that no element can be taken for something else. */
function quotedLiteralOf(elements: readonly Element[]): string {
  const quoted = elements.map((element) => (element === null ? 'null' : `"${escaped(textOf(element))}"`));
  return `{${quoted.join(',')}}`;
}

/** Most texts are words, which are left as they are: to look is much cheaper than to copy. */
const escaped = (text: string) => (/["\\]/.test(text) ? text.replaceAll(/["\\]/g, '\\$&') : text);

/** Of types that statements here name. */
export const arrayTypes = {
  booleans: arrayType(1000, (text) => text === 't'),
  integers: arrayType(1007, Number),
  texts: arrayType(1009, String, quotedLiteralOf),
  bigints: arrayType(1016, Number),
  floats: arrayType(1022, Number),
  times: arrayType(1185, (text) => new Date(text)),
  uuids: arrayType(2951, String, quotedLiteralOf),
};

/**
 * JSON documents as an array of texts: one parameter, a document a line. As elements of an array every quote in them would be escaped
 * here and unescaped there, which costs several times what they do. `JSON.stringify` writes no line breaks. Null is an empty line.
 */
export const jsonLines = (sql: Sql, documents: readonly (string | null)[]) =>
  sql`string_to_array(${documents.map((document) => document ?? '').join('\n')}::text, E'\\n', '')`;

/** Of one dimension: nobody here has others. */
function elementsOf<T>(literal: string, parse: (text: string) => T): (T | null)[] {
  return [...literal.matchAll(/"((?:[^"\\]|\\.)*)"|[^,{}]+/gs)].map(([plain, quoted]) => {
    if (quoted !== undefined) return parse(quoted.replaceAll(/\\(.)/gs, '$1'));
    return plain === 'NULL' ? null : parse(plain);
  });
}
