/** What the doors to facts and to the audit say of themselves. */
import * as v from 'valibot';
import { Fact, MessagingFact } from '../contracts/facts.ts';
import { operation, Time } from './operation.ts';

const tag = 'Operation';
const Count = v.pipe(v.number(), v.integer());

const End = v.object({ fact: v.pipe(v.literal('end'), v.description('A stream without it was cut off.')) });
const { fact: _, module, ...levels } = MessagingFact.entries;

export const factsOperation = (name: string) =>
  operation({
    id: `read${name[0]?.toUpperCase() ?? ''}${name.slice(1)}Facts`,
    tag,
    summary: `${name}: what it states about itself, on one snapshot`,
    description:
      'For the audit of three processes: a fact a line, those about no order first, `end` at the end.',
    answers: {
      200: {
        description: 'NDJSON.',
        type: 'application/x-ndjson',
        schema: v.string(),
        items: v.union([Fact, End]),
        example:
          '{"fact":"messaging","module":"order","outboxMessages":0,"outboxOldestSeconds":0,"parked":0,"dead":0}\n{"fact":"end"}\n',
      },
    },
    problems: ['facts_busy', 'unavailable'],
  });

export const auditOperation = operation({
  id: 'audit',
  tag,
  summary: 'Compare what all modules say of every order and of all units',
  description: 'Where all modules run in one process; otherwise it is a command. One at a time.',
  answers: {
    200: {
      description: 'What is wrong, and what to do about it.',
      schema: v.object({
        clean: v.boolean(),
        at: Time,
        graceSeconds: v.number(),
        tookSeconds: v.number(),
        orders: Count,
        messaging: v.record(v.string(), v.object(levels)),
        findings: v.array(
          v.object({
            invariant: v.string(),
            title: v.string(),
            whatToDo: v.string(),
            count: Count,
            suspected: v.pipe(Count, v.description('At the first look.')),
            examples: v.array(
              v.object({ subject: v.string(), says: v.record(v.string(), v.nullable(v.string())) }),
            ),
          }),
        ),
      }),
      example: {
        clean: true,
        at: '2026-11-24T11:25:53.814Z',
        graceSeconds: 60,
        tookSeconds: 0.1,
        orders: 2,
        messaging: { order: { outboxMessages: 0, outboxOldestSeconds: 0, parked: 0, dead: 0 } },
        findings: [],
      },
    },
  },
  problems: ['audit_running', 'audit_ended', 'unavailable'],
});
