/** The audit: reads what each module states about itself, looks for what cannot be, and looks again before it says so. */
import { setTimeout as pause } from 'node:timers/promises';
import type { MessagingFact, ReadFacts, Scope } from '../contracts/facts.ts';
import type { ModuleName } from '../modules/module.ts';
import {
  type Invariant,
  invariants,
  type Suspicion,
  suspectMessaging,
  suspectOrder,
  suspectProduct,
} from './invariants.ts';
import { join } from './join.ts';

/**
 * How long the modules may differ, unless told, in seconds. A healthy shop needs milliseconds, a restart of a broker half a minute, and
 * a lost command is sent again after 30 s: what is older than all that is worth a look.
 */
export const defaultGraceSeconds = 60;
/** Looked at again for each invariant: so many broken orders have one cause, and it is among these. */
const maxSuspicions = 200;
/** Looked at again together: the ids fit into the URL of a door. */
const idsAtOnce = 100;
/** Before the second look: a message that was just under way has arrived. */
const maxPauseMs = 2_000;
const progressEvery = 10_000;

export type Sources = Readonly<Record<ModuleName, ReadFacts>>;

export interface Finding {
  readonly invariant: Invariant;
  readonly title: string;
  readonly whatToDo: string;
  /** Those that were there at both looks; of more than 200 only so many were looked at again. */
  readonly count: number;
  /** At the first look. */
  readonly suspected: number;
  readonly examples: readonly Omit<Suspicion, 'invariant'>[];
}

export interface Report {
  /** True: there is no finding. */
  readonly clean: boolean;
  readonly at: string;
  readonly graceSeconds: number;
  readonly tookSeconds: number;
  readonly orders: number;
  readonly messaging: Readonly<Record<string, Omit<MessagingFact, 'fact' | 'module'>>>;
  readonly findings: readonly Finding[];
}

export interface AuditOptions {
  readonly graceSeconds: number;
  /** How many of each finding are told in full. */
  readonly maxExamples: number;
  readonly onProgress?: (orders: number) => void;
  /** Ends it with an `AbortError`. */
  readonly signal?: AbortSignal | undefined;
}

/** Compares all orders. Memory stays the same however many there are. */
export async function audit(sources: Sources, options: AuditOptions): Promise<Report> {
  const { graceSeconds, maxExamples } = options;
  const at = new Date().toISOString();
  const startMs = performance.now();
  const first = await look(sources, { orderIds: 'all', products: true }, options);
  const suspicions = [...first.suspicions.values()].flatMap(({ kept }) => kept);
  const findings = suspicions.length === 0 ? [] : await lookAgain(sources, suspicions, options);
  return {
    clean: findings.length === 0,
    at,
    graceSeconds,
    tookSeconds: Math.round(performance.now() - startMs) / 1_000,
    orders: first.orders,
    messaging: first.messaging,
    findings: group(findings, first, maxExamples),
  };
}

interface Sight {
  readonly orders: number;
  /** How many of each there are, and the first of them. */
  readonly suspicions: ReadonlyMap<Invariant, { count: number; readonly kept: Suspicion[] }>;
  readonly messaging: Report['messaging'];
}

/** Order's moment is the first: what it says has ended must be visible at the others, or becomes so within the grace time. */
async function look(sources: Sources, scope: Scope, options: AuditOptions): Promise<Sight> {
  const { graceSeconds, onProgress, signal } = options;
  let orders = 0;
  const messaging: Record<string, Omit<MessagingFact, 'fact' | 'module'>> = {};
  const suspicions = new Map<Invariant, { count: number; kept: Suspicion[] }>();
  const suspect = (found: readonly Suspicion[]) => {
    for (const suspicion of found) {
      const alike = suspicions.get(suspicion.invariant) ?? { count: 0, kept: [] };
      suspicions.set(suspicion.invariant, alike);
      alike.count += 1;
      if (alike.kept.length < maxSuspicions) alike.kept.push(suspicion);
    }
  };
  await sources.order(scope, (order) =>
    sources.stock(scope, (stock) =>
      sources.payment(scope, (payment) =>
        join(
          [order, stock, payment],
          {
            messaging(fact) {
              const { fact: _, module, ...levels } = fact;
              messaging[module] = levels;
              suspect(suspectMessaging(fact, graceSeconds));
            },
            product: (fact) => suspect(suspectProduct(fact)),
          },
          (one) => {
            suspect(suspectOrder(one, graceSeconds));
            if (one.order) orders += 1;
            if (orders % progressEvery === 0) onProgress?.(orders);
            signal?.throwIfAborted();
          },
        ),
      ),
    ),
  );
  return { orders, suspicions, messaging };
}

/** Only what is still so is a finding, told as it is now. */
async function lookAgain(
  sources: Sources,
  suspicions: readonly Suspicion[],
  options: AuditOptions,
): Promise<readonly Suspicion[]> {
  await pause(Math.min(options.graceSeconds * 1_000, maxPauseMs), undefined, { signal: options.signal });
  const suspected = new Set(suspicions.map(nameOf));
  const products = suspicions.some(({ invariant }) => invariant === 'levels_disagree');
  const orderIds = [...new Set(suspicions.filter(isAboutOrder).map(({ subject }) => subject))].sort();
  const still = new Map<string, Suspicion>();
  for (let from = 0; from === 0 || from < orderIds.length; from += idsAtOnce) {
    const scope = { orderIds: orderIds.slice(from, from + idsAtOnce), products: products && from === 0 };
    const sight = await look(sources, scope, options);
    for (const suspicion of [...sight.suspicions.values()].flatMap(({ kept }) => kept))
      if (suspected.has(nameOf(suspicion))) still.set(nameOf(suspicion), suspicion);
  }
  return [...still.values()];
}

const nameOf = ({ invariant, subject }: Suspicion) => `${invariant} ${subject}`;

const isAboutOrder = ({ invariant }: Suspicion) =>
  invariant !== 'levels_disagree' && invariant !== 'outbox_stuck' && invariant !== 'dead_failures';

/** By invariant, in the order in which they are written down. */
function group(still: readonly Suspicion[], first: Sight, maxExamples: number): readonly Finding[] {
  return (Object.keys(invariants) as Invariant[]).flatMap((invariant) => {
    const found = still.filter((suspicion) => suspicion.invariant === invariant);
    if (found.length === 0) return [];
    const suspected = first.suspicions.get(invariant)?.count ?? 0;
    const examples = found.slice(0, maxExamples).map(({ subject, says }) => ({ subject, says }));
    return [{ invariant, ...invariants[invariant], count: found.length, suspected, examples }];
  });
}
