/** The values that messages and doors share, and how a message type is described. Schemas only: no behaviour. */
import * as v from 'valibot';

/** Longest id that a door or a message may bring, in characters. */
export const maxIdLength = 100;
/** An order with more lines than this is a bulk import, not a checkout; it also bounds the rows one message locks. */
export const maxLines = 100;
/** The highest price of one unit, in minor units: keeps every total far inside a 64-bit integer. */
export const maxUnitPrice = 1_000_000_000;
/** The most units one line may ask for. */
export const maxQuantity = 10_000;

/** The longest name of a product. */
export const maxNameLength = 200;

/**
 * One to `maxLength` characters without control characters: PostgreSQL has no NUL, and half a surrogate pair does not survive
 * the way through JSON to another module.
 */
export const text = (maxLength: number) =>
  v.pipe(
    v.string(),
    v.minLength(1, 'must not be empty'),
    v.maxLength(maxLength, `must be at most ${maxLength} characters`),
    v.regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters'),
  );

export const Sku = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._-]{1,100}$/, 'must be 1 to 100 of A-Z a-z 0-9 . _ -'),
);
/** Lower case: the same order must be the same text wherever it is compared. */
export const OrderId = v.pipe(v.string(), v.uuid('must be a UUID'), v.toLowerCase());
export const Currency = v.pipe(v.string(), v.regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, as EUR'));
export const Amount = v.pipe(
  v.number(),
  v.safeInteger(),
  v.minValue(0),
  v.description('Money in minor units (cents).'),
);
export const UnitPrice = v.pipe(
  v.number(),
  v.integer('must be a whole number'),
  v.minValue(1),
  v.maxValue(maxUnitPrice),
  v.description('Of one unit, in minor units (cents).'),
);
export const Quantity = v.pipe(
  v.number(),
  v.integer('must be a whole number'),
  v.minValue(1),
  v.maxValue(maxQuantity),
);
export const Line = v.object({ sku: Sku, quantity: Quantity });
export const Lines = v.pipe(v.array(Line), v.minLength(1), v.maxLength(maxLines));

export type Line = v.InferOutput<typeof Line>;

/** Why an order did not end confirmed. */
export const ReasonCode = v.picklist([
  'out_of_stock',
  'unknown_product',
  'payment_declined',
  'cancelled_by_customer',
  'timed_out',
]);
export type ReasonCode = v.InferOutput<typeof ReasonCode>;

/** A reason for people and machines: the code is stable, the detail explains. */
export const Reason = v.object({ code: ReasonCode, detail: text(500) });
export type Reason = v.InferOutput<typeof Reason>;

/** A participant asks Order what has become of an order. */
export const Participant = v.picklist(['stock', 'payment']);
export type Participant = v.InferOutput<typeof Participant>;

/** What the type of a message promises: whom it is about (`subject`) and what it says (`data`), in words and by an example. */
export function about<const Subject extends v.GenericSchema<string>, const Data extends v.GenericSchema>(
  subject: Subject,
  data: Data,
  told: {
    readonly description: string;
    readonly example: { readonly subject: v.InferInput<Subject>; readonly data: v.InferInput<Data> };
  },
) {
  return v.pipe(
    v.object({ subject, data }),
    v.description(told.description),
    v.metadata({ example: told.example }),
  );
}

/** The order that examples are about. */
export const exampleOrderId = '01a20d4e-2116-73a4-ac27-ca1dece9e99f';

/** A message type without content: all there is to say is whom it is about. */
export const Nothing = v.object({});
