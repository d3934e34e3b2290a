/** Valid content that is changed in one to three places: what only bounces off the first check proves little about the second. */
import fc from 'fast-check';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Content as it is generated, and as a finding is printed: small. Words such as `long#5000` and `deep#300` in it become what they
 * say when it is rendered.
 */
export interface Content {
  readonly text: string;
  /** Bytes put in at a place, in hex: no UTF-8, a NUL, half a character. */
  readonly bytes?: { readonly at: number; readonly hex: string } | undefined;
  /** What is left of it. */
  readonly cut?: number | undefined;
}

const words = [
  ...['long#101', 'long#255', 'long#501', 'long#5000', 'long#300000'],
  ...['deep#40', 'deep#300', 'deep#20000'],
  ...['number#1e999', 'number#-1e999', 'number#1e-999', 'number#9007199254740993', 'number#00', 'number#-0'],
] as const;

const texts = [
  ...['', ' ', '\u0000', 'a\u0000b', '\ud800', 'x\udc00', '\u202e', '\ufffe', '💥', '\u001b[31m', '\r\nx: y'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'null',
    'NaN',
    '[object Object]',
    '%00',
    '../..',
  ],
  ...["'; drop table orders; --", '$1', '{{7*7}}', '*', '#', 'é', 'é'],
];

/** A value that does not belong where it is put. */
export const hostile: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<Json>(null, true, 0, -1, 1.5, 1e21, 2 ** 53, [], {}, [[]], [null]),
  },
  { weight: 3, arbitrary: fc.constantFrom(...texts) },
  { weight: 2, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.uuid()),
  },
);

interface Change {
  readonly at: number;
  readonly how: 'replace' | 'remove' | 'add' | 'repeat' | 'wrap' | 'spoil';
  readonly key: string;
  readonly value: Json;
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom(...(['replace', 'replace', 'remove', 'add', 'repeat', 'wrap', 'spoil'] as const)),
  key: fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    '',
    'a\u0000',
    'id',
    'extra',
    '0',
    '💥',
    '\ud800',
  ),
  value: hostile,
});

/** `base` as it is in about half of the cases, otherwise with one to three changes. */
export function mutated(base: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const changes = fc.oneof(
    { weight: 5, arbitrary: fc.constant<Change[]>([]) },
    { weight: 5, arbitrary: fc.array(change, { minLength: 1, maxLength: 3 }) },
  );
  return fc.tuple(base, changes).map(([value, list]) =>
    // Clones: a generator hands out the same `[]` again and again, and the next change would go into all of them, and into itself.
    list.reduce((changed, one) => apply(changed, structuredClone(one)), structuredClone(value)),
  );
}

/** The JSON of a value, in one case of twenty broken as text. */
export function content(value: fc.Arbitrary<Json>): fc.Arbitrary<Content> {
  const broken = fc.record({
    bytes: fc.option(
      fc.record({
        at: fc.nat(400),
        hex: fc.constantFrom('00', 'ff', 'c328', 'f0288cbc', 'efbbbf', 'eda080', '2c', '22', '7b', '5d'),
      }),
      { nil: undefined },
    ),
    cut: fc.option(fc.nat(400), { nil: undefined }),
  });
  return fc
    .tuple(
      value.map((json) => ({ text: JSON.stringify(json) })),
      fc.oneof({ weight: 19, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: broken }),
    )
    .map(([text, breaking]) => ({ ...text, ...breaking }));
}

/** A place in a tree: its parent and its key there. The root has none. */
type Place = readonly [parent: Json[] | Record<string, Json>, key: string | number];

function placesOf(tree: Json): Place[] {
  const places: Place[] = [];
  const visit = (node: Json): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      const place: Place = Array.isArray(node) ? [node, Number(key)] : [node, key];
      places.push(place);
      visit(valueAt(place));
    }
  };
  visit(tree);
  return places;
}

const valueAt = ([parent, key]: Place): Json => (parent as Record<string | number, Json>)[key] ?? null;

function apply(tree: Json, { at, how, key, value }: Change): Json {
  const places = placesOf(tree);
  const place = places[at % (places.length + 1)];
  if (!place) return how === 'add' ? added(tree, key, value) : how === 'wrap' ? [tree] : value;
  const [parent, name] = place;
  const old = valueAt(place);
  const set = (next: Json) => define(parent, name, next);
  switch (how) {
    case 'replace':
      set(value);
      break;
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(name), 1);
      else delete parent[name];
      break;
    case 'add':
      set(added(old, key, value));
      break;
    case 'repeat':
      if (Array.isArray(parent)) parent.push(structuredClone(old));
      else define(parent, key, structuredClone(old));
      break;
    case 'wrap':
      set([old]);
      break;
    case 'spoil':
      set(
        typeof old === 'string'
          ? `${old}${typeof value === 'string' ? value : 'x'}`
          : typeof old === 'number'
            ? -old
            : value,
      );
  }
  return tree;
}

function added(node: Json, key: string, value: Json): Json {
  if (Array.isArray(node)) return [...node, value];
  if (typeof node !== 'object' || node === null) return value;
  define(node, key, value);
  return node;
}

/** Also a key that is called `__proto__`. */
function define(parent: object, key: string | number, value: Json): void {
  Object.defineProperty(parent, key, { value, enumerable: true, writable: true, configurable: true });
}

/** Text with its words spelt out. `lookUp` knows those that only a run has, as `order#3`. */
export function spell(text: string, lookUp: (word: string, n: number) => string): string {
  return text
    .replaceAll(/"deep#(\d+)"/g, (_, depth) => `${'['.repeat(Number(depth))}${']'.repeat(Number(depth))}`)
    .replaceAll(/"number#([^"]*)"/g, (_, number) => number)
    .replaceAll(/\blong#(\d+)/g, (_, length) => 'x'.repeat(Number(length)))
    .replaceAll(/\b(order|foreign|id|oldid)#(\d+)/g, (_, word, n) => lookUp(word, Number(n)));
}

/** The bytes of generated content. */
export function render({ text, bytes, cut }: Content, lookUp: (word: string, n: number) => string): Buffer {
  const whole = Buffer.from(spell(text, lookUp));
  if (!bytes) return whole.subarray(0, cut);
  const at = bytes.at % (whole.length + 1);
  return Buffer.concat([whole.subarray(0, at), Buffer.from(bytes.hex, 'hex'), whole.subarray(at)]).subarray(
    0,
    cut,
  );
}
