/** What Payment's door says of itself. */
import * as v from 'valibot';
import { OrderId } from '../../contracts/values.ts';
import { named, operation, pageOf } from '../../http/index.ts';

const Payment = named(
  'Payment',
  v.object({
    id: v.pipe(v.string(), v.uuid()),
    orderId: OrderId,
    amount: v.pipe(v.nullable(v.pipe(v.number(), v.integer())), v.description('In minor units.')),
    currency: v.nullable(v.string()),
    status: v.picklist([
      ...(['authorizing', 'authorized', 'capturing', 'captured', 'declined', 'voiding', 'voided'] as const),
    ]),
    declineCode: v.nullable(v.string()),
  }),
);

export const listPayments = operation({
  id: 'listPayments',
  tag: 'Payments',
  summary: 'List payments, newest first',
  answers: {
    200: {
      description: 'A page of payments.',
      schema: pageOf(Payment),
      example: {
        data: [
          {
            id: '01a20d4e-2123-7d8a-9b1e-0c6f2d3a4b5c',
            orderId: '01a20d4e-2116-73a4-ac27-ca1dece9e99f',
            amount: 1250,
            currency: 'EUR',
            status: 'captured',
            declineCode: null,
          },
        ],
        nextCursor: null,
      },
    },
  },
});
