/** A card processor that may not be reached, answer late or not at all, and that keeps books of its own. */
import type { AuthorizeCall, Gateway } from '../../src/modules/payment/gateway/gateway.ts';
import type { Mortal, World } from './world.ts';

export interface Entry {
  readonly orderId: string;
  readonly amount: number;
  readonly approved: boolean;
}

type Operation = 'authorize' | 'capture' | 'void';
type Call = Omit<AuthorizeCall, 'paymentToken'> & { readonly paymentToken?: string };

export interface SimulatedGateway {
  /** By `operation:order`: what has happened, once for a key. */
  readonly books: ReadonlyMap<string, Entry>;
  connect(owner: Mortal, timeoutMs: number): Gateway;
  /** How many calls have not arrived yet, though nobody waits for their answer any more. */
  late(): number;
  /** Lets one of them arrive. */
  arrive(position: number): void;
  /** Told of every entry before it is made. */
  onEntry: (operation: Operation, entry: Entry) => void;
}

export const declinedToken = 'tok_declined';

export function createSimulatedGateway(world: World): SimulatedGateway {
  const { chance } = world;
  const books = new Map<string, Entry>();
  const late: (() => void)[] = [];

  /** Does what is asked, once for each key; asked again it answers the same. */
  function enter(operation: Operation, { key, orderId, amount, paymentToken }: Call): Entry {
    const known = books.get(key);
    if (known) return known;
    const entry = { orderId, amount, approved: paymentToken !== declinedToken };
    gateway.onEntry(operation, entry);
    books.set(key, entry);
    world.note(() => `gateway: ${operation} ${world.alias(orderId)} ${amount} ${entry.approved}`);
    return entry;
  }

  async function ask(owner: Mortal, operation: Operation, call: Call, timeoutMs: number): Promise<Entry> {
    const giveUp = (what: string): never => {
      world.count(what);
      world.note(() => `${owner.name}: ${what}: ${operation} ${world.alias(call.orderId)}`);
      throw new Error('the card processor did not answer');
    };
    if (chance.hit(world.weather.callLate)) {
      late.push(() => enter(operation, call));
      giveUp('callLate');
    }
    if (!(await world.pause(owner, `call ${operation}`, timeoutMs))) giveUp('callLost');
    if (chance.hit(world.weather.callLost)) giveUp('callLost');
    const entry = enter(operation, call);
    if (!(await world.pause(owner, `answer ${operation}`, timeoutMs))) giveUp('answerLost');
    if (chance.hit(world.weather.answerLost)) giveUp('answerLost');
    return entry;
  }

  const gateway: SimulatedGateway = {
    books,
    onEntry: () => {},
    connect: (owner, timeoutMs) => ({
      async authorize(call) {
        const { approved } = await ask(owner, 'authorize', call, timeoutMs);
        return approved ? { approved } : { approved, declineCode: 'card_declined' };
      },
      async capture(call) {
        await ask(owner, 'capture', call, timeoutMs);
      },
      async void(call) {
        await ask(owner, 'void', call, timeoutMs);
      },
    }),
    late: () => late.length,
    arrive(position) {
      for (const call of late.splice(position, 1)) call();
    },
  };
  return gateway;
}
