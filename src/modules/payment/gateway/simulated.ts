/** A card processor that behaves as the test token says, or as it was told to; it keeps books that an audit can compare. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Operation } from '../payment.ts';
import type { Fault, Faults } from './faults.ts';
import type { Call, Gateway } from './gateway.ts';
import type { Ledger } from './ledger.ts';

/** What a test token makes of an authorization. */
interface Behaviour {
  /** Null: approved. */
  readonly declineCode: string | null;
  /** How often it is unavailable first. */
  readonly failures: number;
  /** How often it does what it is asked and does not answer. */
  readonly silences: number;
}

const approving: Behaviour = { declineCode: null, failures: 0, silences: 0 };
const declining = (declineCode: string): Behaviour => ({ ...approving, declineCode });

/** Any other token declines. */
const behaviours: ReadonlyMap<string, Behaviour> = new Map([
  ['tok_visa', approving],
  ['tok_declined', declining('card_declined')],
  ['tok_insufficient_funds', declining('insufficient_funds')],
  ['tok_timeout', { ...approving, silences: 1 }],
  ['tok_unavailable', { ...approving, failures: 3 }],
]);

/** A call that ends without a definite answer: it cannot be carried out now, or (`refused`) never. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly refused: boolean;

  constructor(message: string, refused = false) {
    super(message);
    this.refused = refused;
  }
}

/** Every call is in the ledger before it is answered. `faults`: what it was told to do wrong; nothing unless given. */
export function createSimulatedGateway(ledger: Ledger, faults?: Faults): Gateway {
  async function carryOut(
    operation: Operation,
    { key, orderId, amount, currency }: Call,
    { declineCode, failures, silences }: Behaviour,
    signal: AbortSignal,
  ): Promise<void> {
    const fault = faults?.take(operation, orderId);
    await before(fault, signal);
    const entry = { key, operation, orderId, amount, currency, declineCode, failures };
    const { asks, outcome } = await ledger.enter(entry);
    if (outcome === 'refused') throw new CallFailed(`the card processor refuses to ${operation}`, true);
    if (outcome === 'unavailable') throw unavailable();
    await after(fault, signal);
    if (asks <= silences) await silence(signal);
  }

  return {
    async authorize({ paymentToken, ...call }, signal) {
      const behaviour = behaviours.get(paymentToken) ?? declining('unknown_token');
      await carryOut('authorize', call, behaviour, signal);
      const { declineCode } = behaviour;
      return declineCode === null ? { approved: true } : { approved: false, declineCode };
    },
    capture: (call, signal) => carryOut('capture', call, approving, signal),
    void: (call, signal) => carryOut('void', call, approving, signal),
  };
}

const unavailable = () => new CallFailed('the card processor is unavailable');

/** What goes wrong before anything is done. */
async function before(fault: Fault | undefined, signal: AbortSignal): Promise<void> {
  if (fault?.kind === 'unavailable') throw unavailable();
  if (fault?.kind === 'lost') await silence(signal);
  if (fault?.kind === 'late') await silence(signal).catch(() => {});
}

/** What goes wrong when all is done. */
async function after(fault: Fault | undefined, signal: AbortSignal): Promise<void> {
  if (fault?.kind === 'slow') await pause(fault.delayMs, undefined, { signal }).catch(() => {});
  if (fault?.kind === 'silent' || signal.aborted) await silence(signal);
}

/** No answer, until the caller gives up. */
function silence(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = () => reject(new CallFailed('the card processor did not answer'));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}
