/**
 * PostgreSQL's arrays as parameters and results. The driver would ask for their types at every connect, and for that question
 * nobody answers: if the connection breaks meanwhile, the rejection is unhandled and the program ends (postgres 3.4.9). So the types
 * are told. Their numbers are the same in every PostgreSQL.
 */

type Element = string | number | boolean | Date | null;

const arrayType = <T>(oid: number, parse: (text: string) => T) => ({
  to: oid,
  from: [oid],
  serialize: (elements: readonly Element[]) => literalOf(elements),
  parse: (literal: string) => elementsOf(literal, parse),
});

/** Of the types that statements here name. */
export const arrayTypes = {
  booleans: arrayType(1000, (text) => text === 't'),
  integers: arrayType(1007, Number),
  texts: arrayType(1009, String),
  bigints: arrayType(1016, Number),
  floats: arrayType(1022, Number),
  times: arrayType(1185, (text) => new Date(text)),
  uuids: arrayType(2951, String),
};

/** `{"a","b",null}`: everything in quotes, so that no element can be taken for something else. */
function literalOf(elements: readonly Element[]): string {
  const quoted = elements.map((element) => {
    if (element === null) return 'null';
    const text = element instanceof Date ? element.toISOString() : String(element);
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  });
  return `{${quoted.join(',')}}`;
}

/** Of one dimension: nobody here has others. */
function elementsOf<T>(literal: string, parse: (text: string) => T): (T | null)[] {
  return [...literal.matchAll(/"((?:[^"\\]|\\.)*)"|[^,{}]+/gs)].map(([plain, quoted]) => {
    if (quoted !== undefined) return parse(quoted.replaceAll(/\\(.)/gs, '$1'));
    return plain === 'NULL' ? null : parse(plain);
  });
}
