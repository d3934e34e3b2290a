/** Three streams of facts, one per module, as cases: all that anybody knows of one order. */
import type {
  BooksFact,
  Fact,
  Facts,
  MessagingFact,
  OrderFact,
  PaymentFact,
  ProductFact,
  ReservationFact,
} from '../contracts/facts.ts';
import { createReader, type Reader, refill } from '../modules/facts.ts';

export interface Case {
  readonly orderId: string;
  order?: OrderFact;
  reservation?: ReservationFact;
  readonly payments: PaymentFact[];
  books?: BooksFact;
  /** Whether the card processor shows its books: if not, missing ones mean nothing. */
  readonly showsBooks: boolean;
}

/** What is told about no single order. */
export interface Overview {
  messaging(fact: MessagingFact): void;
  product(fact: ProductFact): void;
}

/**
 * Calls `each` for every order that any stream knows, in order-id order, and `overview` for what comes before. Holds one portion of
 * each stream. Throws if a stream is not in order: everything it says would look wrong.
 */
export async function join(
  streams: readonly Facts[],
  overview: Overview,
  each: (one: Case) => void,
): Promise<void> {
  const readers = streams.map((stream) => createReader(stream));
  const showsBooks = (await Promise.all(readers.map((reader) => readOverview(reader, overview)))).some(
    Boolean,
  );
  let last = '';
  for (;;) {
    if (readers.some(({ isSpent }) => isSpent)) await Promise.all(readers.map(refill));
    const orderId = first(readers);
    if (orderId === undefined) return;
    if (orderId <= last) throw new Error(`the facts about order ${orderId} do not come in order`);
    last = orderId;
    const one: Case = { orderId, payments: [], showsBooks };
    for (const reader of readers)
      for (;;) {
        if (reader.isSpent) await refill(reader);
        if (!reader.head || orderOf(reader.head) !== orderId) break;
        put(one, reader.head);
        reader.skip();
      }
    each(one);
  }
}

/** Up to the first fact about an order. Returns whether it will tell a card processor's books. */
async function readOverview(reader: Reader<Fact>, overview: Overview): Promise<boolean> {
  let showsBooks = false;
  for (;;) {
    await refill(reader);
    const fact = reader.head;
    switch (fact?.fact) {
      case 'messaging':
        overview.messaging(fact);
        break;
      case 'product':
        overview.product(fact);
        break;
      case 'gateway':
        showsBooks = fact.showsBooks;
        break;
      default:
        return showsBooks;
    }
    reader.skip();
  }
}

function first(readers: readonly Reader<Fact>[]): string | undefined {
  let smallest: string | undefined;
  for (const { head } of readers) {
    const orderId = head && orderOf(head);
    if (orderId !== undefined && (smallest === undefined || orderId < smallest)) smallest = orderId;
  }
  return smallest;
}

function orderOf(fact: Fact): string {
  if ('orderId' in fact) return fact.orderId;
  throw new Error(`a fact about ${fact.fact} comes among those about orders`);
}

function put(one: Case, fact: Fact): void {
  switch (fact.fact) {
    case 'order':
      one.order = fact;
      break;
    case 'reservation':
      one.reservation = fact;
      break;
    case 'payment':
      one.payments.push(fact);
      break;
    case 'books':
      one.books = fact;
  }
}
