/** What Stock's doors say of themselves: the shape of every answer, examples, and what may go wrong. */
import * as v from 'valibot';
import { Currency, Sku } from '../../contracts/values.ts';
import { conditional, named, operation, pageOf, Time } from '../../http/index.ts';

const tag = 'Products';

const Count = v.pipe(v.number(), v.integer());
const Product = named(
  'Product',
  v.object({
    sku: Sku,
    name: v.string(),
    unitPrice: v.pipe(Count, v.description('In minor units.')),
    currency: Currency,
    onHand: Count,
    reserved: v.pipe(Count, v.description('Held for orders that are on their way.')),
    available: v.pipe(Count, v.description('On hand and not reserved.')),
  }),
);

const mug = {
  sku: 'MUG-01',
  name: 'Mug',
  unitPrice: 1250,
  currency: 'EUR',
  onHand: 1000,
  reserved: 2,
  available: 998,
};

export const listProducts = operation({
  id: 'listProducts',
  tag,
  summary: 'List products, by sku',
  answers: {
    200: {
      description: 'A page of products.',
      schema: pageOf(Product),
      example: { data: [mug], nextCursor: null },
    },
  },
});

export const findProduct = operation({
  id: 'findProduct',
  tag,
  summary: 'A product and how much of it there is',
  ...conditional({ description: 'The product.', schema: Product, example: mug }),
  problems: ['product_not_found'],
});

export const putProduct = operation({
  id: 'putProduct',
  tag,
  summary: 'Make a product, or change its name and price',
  description: 'Orders that are placed keep their price.',
  examples: {
    mug: { summary: 'A mug', value: { name: 'Mug', unitPrice: 1250, currency: 'EUR' } },
  },
  answers: {
    200: { description: 'It is changed, or was so already.', schema: Product, example: mug },
    201: {
      description: 'It is made; there is none on hand.',
      schema: Product,
      example: { ...mug, onHand: 0, reserved: 0, available: 0 },
      headers: ['Location'],
    },
  },
  problems: ['product_not_found'],
});

export const receiveGoods = operation({
  id: 'receiveGoods',
  tag,
  summary: 'Goods in',
  examples: { box: { summary: 'A box of fifty', value: { quantity: 50 } } },
  answers: {
    201: {
      description: 'They are on hand.',
      schema: v.object({ id: v.pipe(v.string(), v.uuid()), sku: Sku, quantity: Count, receivedAt: Time }),
      example: {
        id: '01a20d4e-2116-73a4-ac27-ca1dece9e99f',
        sku: 'MUG-01',
        quantity: 50,
        receivedAt: '2026-11-24T11:25:53.814Z',
      },
    },
  },
  problems: ['product_not_found', 'no_room'],
});
