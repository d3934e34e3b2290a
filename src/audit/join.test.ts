import { expect, test } from 'vitest';
import type { Fact, Facts } from '../contracts/facts.ts';
import { interleave } from '../modules/facts.ts';
import { type Case, join } from './join.ts';

const id = (n: number) => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const order = (n: number) => ({ fact: 'order', orderId: id(n) }) as Fact;
const reservation = (n: number) => ({ fact: 'reservation', orderId: id(n) }) as Fact;
const payment = (n: number) => ({ fact: 'payment', orderId: id(n) }) as Fact & { fact: 'payment' };
const books = (n: number) => ({ fact: 'books', orderId: id(n) }) as Fact & { fact: 'books' };
const messaging = { fact: 'messaging', module: 'order' } as Fact;
const product = { fact: 'product', sku: 'MUG-01' } as Fact;

async function* stream<Row>(...portions: readonly (readonly Row[])[]): AsyncGenerator<readonly Row[]> {
  yield* portions;
}

/** Each case as the number of its order and who knows it; the overview before. */
async function joined(...streams: readonly Facts[]) {
  const told: string[] = [];
  await join(
    streams,
    { messaging: ({ module }) => told.push(module), product: ({ sku }) => told.push(sku) },
    (one) => told.push(words(one)),
  );
  return told;
}

const words = ({
  orderId,
  order: placed,
  reservation: reserved,
  payments,
  books: booked,
  showsBooks,
}: Case) =>
  [
    Number(orderId.slice(-12)),
    placed && 'order',
    reserved && 'reservation',
    ...payments.map(() => 'payment'),
    booked && 'books',
    showsBooks && '(shown)',
  ]
    .filter(Boolean)
    .join(' ');

test('an order is one case, whoever knows it and wherever the portions end', async () => {
  const told = await joined(
    stream([messaging], [order(1), order(2)], [], [order(4)]),
    stream([product], [], [reservation(2)], [reservation(3), reservation(5)]),
    stream<Fact>([{ fact: 'gateway', showsBooks: true }], [payment(1)], [payment(1), books(1)], [books(6)]),
  );
  expect(told).toEqual([
    'order',
    'MUG-01',
    '1 order payment payment books (shown)',
    '2 order reservation (shown)',
    '3 reservation (shown)',
    '4 order (shown)',
    '5 reservation (shown)',
    '6 books (shown)',
  ]);
});

test('nothing is no case', async () => expect(await joined(stream(), stream([]), stream())).toEqual([]));

test('a stream that is not in order is refused', async () => {
  await expect(joined(stream([order(2)], [order(1)]))).rejects.toThrow('do not come in order');
  await expect(joined(stream([order(1)], [messaging]))).rejects.toThrow('comes among those about orders');
});

test('a failing stream fails the whole', async () => {
  async function* failing(): Facts {
    yield [order(1)];
    throw new Error('gone');
  }
  await expect(joined(failing(), stream([reservation(7)]))).rejects.toThrow('gone');
});

test('only so much is read as is needed: a stream far ahead waits', async () => {
  let portions = 0;
  async function* ahead(): Facts {
    for (let n = 0; n < 100; n += 1) {
      portions += 1;
      yield [reservation(100 + n)];
    }
  }
  let portionsAtFirst = 0;
  async function* behind(): Facts {
    for (let n = 0; n < 50; n += 1) yield [order(n)];
    portionsAtFirst = portions;
  }
  await joined(behind(), ahead());
  expect(portionsAtFirst).toBe(1);
  expect(portions).toBe(100);
});

test('two streams of one module become one, in order', async () => {
  const rows: string[] = [];
  const both = interleave(
    stream([payment(1), payment(3)], [], [payment(4)]),
    stream([books(1)], [books(2), books(4), books(5)]),
  );
  for await (const portion of both)
    rows.push(...portion.map(({ fact, orderId }) => `${fact} ${Number(orderId.slice(-12))}`));
  expect(rows).toEqual(['payment 1', 'books 1', 'books 2', 'payment 3', 'payment 4', 'books 4', 'books 5']);
});
