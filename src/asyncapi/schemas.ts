/** The schemas of messages as JSON Schema, made from those that let messages in. */
import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { ListedProduct } from '../contracts/stock.ts';
import * as values from '../contracts/values.ts';
import { Envelope } from '../outbox/index.ts';

export type Json = Readonly<Record<string, unknown>>;

const { Amount, Currency, Line, Lines, OrderId, Participant, Quantity, Reason, ReasonCode, Sku, UnitPrice } =
  values;
/** Told once, and referred to by name. */
const named = {
  Amount,
  Currency,
  Line,
  Lines,
  ListedProduct,
  OrderId,
  Participant,
  Quantity,
  Reason,
  ReasonCode,
  Sku,
  UnitPrice,
};

export const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const conversion: ConversionConfig = {
  overrideRef: ({ referenceId }) => refTo(referenceId).$ref,
  // It changes what was let in, not what is let in.
  ignoreActions: ['to_lower_case'],
  // `u` is how JSON Schema reads patterns anyway.
  overrideAction: ({ valibotAction, jsonSchema }) =>
    valibotAction.type === 'regex' && 'requirement' in valibotAction
      ? { ...jsonSchema, pattern: (valibotAction.requirement as RegExp).source }
      : undefined,
};

/** What all messages share: the values that they name, and the envelope. */
export function sharedSchemas(): Json {
  const { $schema: _, ...CloudEvent } = toJsonSchema(Envelope, conversion);
  return { ...toJsonSchemaDefs(named, conversion), CloudEvent };
}

/** A whole message of one type. `promise`: what the type promises; `sources`: who says it. */
export function messageSchema(type: string, promise: v.GenericSchema, sources: readonly string[]): Json {
  const { properties, required } = toJsonSchema(promise, { ...conversion, definitions: named });
  return {
    type: 'object',
    allOf: [refTo('CloudEvent')],
    properties: { type: { const: type }, source: { enum: sources }, ...properties },
    required: ['type', 'source', ...(required ?? [])],
  };
}
