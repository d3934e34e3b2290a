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

/** Commands to Stock. */
export const stockCommands = {
  'stock.reserve': about(OrderId, v.object({ lines: Lines })),
  'stock.release': about(OrderId, Nothing),
  /** The subject is `products`: there is one list. */
  'stock.list_products': about(v.literal('products'), Nothing),
};

/** Replies to Order. */
export const stockReplies = {
  'stock.reserved': about(OrderId, Nothing),
  'stock.rejected': about(OrderId, v.object({ reason: Reason })),
  'stock.released': about(OrderId, Nothing),
  'stock.products_listed': about(
    v.literal('products'),
    v.object({ products: v.pipe(v.array(ListedProduct), v.maxLength(productsPerPage)), last: v.boolean() }),
  ),
};

/** Events. */
export const stockEvents = {
  'product.changed': about(Sku, ListedProduct),
};
