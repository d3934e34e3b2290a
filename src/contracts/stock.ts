/** What Stock is asked, what it answers, and what it announces. Stock does not know that orders have prices. */
import * as v from 'valibot';
import {
  about,
  Currency,
  Lines,
  maxNameLength,
  Nothing,
  OrderId,
  Reason,
  Sku,
  exampleOrderId as subject,
  text,
  UnitPrice,
} from './values.ts';

/** The part of a product that Order needs in order to price: the newest version wins. */
export const ListedProduct = v.object({
  sku: Sku,
  name: text(maxNameLength),
  unitPrice: UnitPrice,
  currency: Currency,
  version: v.pipe(v.number(), v.safeInteger()),
});
export type ListedProduct = v.InferOutput<typeof ListedProduct>;

/** Products in one `stock.products_listed`: about 100 KiB at the longest names, well under a packet's limit. */
export const productsPerPage = 500;

const exampleProduct = {
  sku: 'MUG-01',
  name: 'Mug',
  unitPrice: 1250,
  currency: 'EUR',
  version: 1_795_519_553_814_000,
};

/** Commands to Stock. */
export const stockCommands = {
  'stock.reserve': about(OrderId, v.object({ lines: Lines }), {
    description: 'Hold these units for the order: all of them or none. Asked again, it is one reservation.',
    example: { subject, data: { lines: [{ sku: 'MUG-01', quantity: 2 }] } },
  }),
  'stock.release': about(OrderId, Nothing, {
    description:
      'Give back what is held for the order. One that comes before its `stock.reserve` makes that come too late.',
    example: { subject, data: {} },
  }),
  'stock.list_products': about(v.literal('products'), Nothing, {
    description: 'Tell all products. The subject is `products`: there is one list.',
    example: { subject: 'products', data: {} },
  }),
};

/** Replies to Order. */
export const stockReplies = {
  'stock.reserved': about(OrderId, Nothing, {
    description: 'The units are held.',
    example: { subject, data: {} },
  }),
  'stock.rejected': about(OrderId, v.object({ reason: Reason }), {
    description: 'Nothing is held, and why.',
    example: {
      subject,
      data: { reason: { code: 'out_of_stock', detail: '2 of RARE-01 were asked for, 1 are available' } },
    },
  }),
  'stock.released': about(OrderId, Nothing, {
    description: 'Nothing is held for the order, nor will be.',
    example: { subject, data: {} },
  }),
  'stock.products_listed': about(
    v.literal('products'),
    v.object({ products: v.pipe(v.array(ListedProduct), v.maxLength(productsPerPage)), last: v.boolean() }),
    {
      description: 'A part of the list; `last` says whether it is the last one.',
      example: { subject: 'products', data: { products: [exampleProduct], last: true } },
    },
  ),
};

/** Events. */
export const stockEvents = {
  'product.changed': about(Sku, ListedProduct, {
    description: 'A product is new, or its name or price is. Of two the one with the higher version is true.',
    example: { subject: exampleProduct.sku, data: exampleProduct },
  }),
};
