/** What the operator's doors to messages say of themselves. Every module has them. */
import * as v from 'valibot';
import { named, operation, Time } from './operation.ts';

const tag = 'Operation';
const id = '01a20d4e-2116-73a4-ac27-ca1dece9e99f';
const at = '2026-11-24T11:25:53.814Z';
const Id = v.pipe(v.string(), v.uuid());
const Count = v.pipe(v.number(), v.integer());
const Seconds = v.number();
const Type = v.pipe(v.nullable(v.string()), v.description('Null: it could not be read.'));
const Parked = v.pipe(Count, v.description('Those that are tried again by themselves.'));
const Dead = v.pipe(Count, v.description('Those that wait for a person.'));

const Waiting = v.object({
  type: v.string(),
  messages: Count,
  oldestAt: Time,
  attempts: v.pipe(Count, v.description('The most often that the broker has refused one of them.')),
  lastError: v.nullable(v.string()),
});
const FailureGroup = v.object({
  type: Type,
  error: v.pipe(v.string(), v.description('Without the ids and numbers in it.')),
  parked: Parked,
  dead: Dead,
  seen: v.pipe(Count, v.description('How often they came in.')),
  oldestAt: Time,
  latestAt: Time,
  exampleIds: v.array(Id),
});
const Failure = named(
  'Failure',
  v.object({
    id: Id,
    type: Type,
    subject: v.nullable(v.string()),
    message: v.pipe(v.unknown(), v.description('As it came; secrets are masked.')),
    error: v.string(),
    attempts: Count,
    seen: Count,
    nextAttemptAt: v.pipe(v.nullable(Time), v.description('Null: it is dead, a person decides.')),
    parkedAt: Time,
    failedAt: Time,
  }),
);

const group = { type: 'stock.reserved', error: 'ImpossibleMessage: there is no order …' };
const account = { by: 'anna', reason: 'the order is there again' };
const examples = {
  all: { summary: 'All of them', value: { ...account, all: true } },
  some: { summary: 'Some', value: { ...account, ids: [id] } },
  group: { summary: 'A group, as it is listed', value: { ...account, group } },
};

export const messagingOperations = (module: string) => {
  const named = (verb: string, what: string) =>
    `${verb}${module[0]?.toUpperCase() ?? ''}${module.slice(1)}${what}`;
  const acted = (verb: string, summary: string, description: string) =>
    operation({
      id: named(verb, 'Failures'),
      tag,
      summary: `${module}: ${summary}`,
      description: 'Up to 10,000, the oldest first. Who did it, and why, is written to the log.',
      examples,
      answers: { 200: { description, schema: v.object({ failures: Count }), example: { failures: 3 } } },
    });
  return {
    outbox: operation({
      id: named('list', 'Outbox'),
      tag,
      summary: `${module}: what waits to be sent, by type`,
      answers: {
        200: {
          description: 'How many, how old, and the broker’s last refusal.',
          schema: v.object({ messages: Count, oldestSeconds: Seconds, data: v.array(Waiting) }),
          example: {
            messages: 3,
            oldestSeconds: 120.5,
            data: [{ type: 'stock.reserved', messages: 3, oldestAt: at, attempts: 0, lastError: null }],
          },
        },
      },
      problems: ['unavailable'],
    }),
    failures: operation({
      id: named('list', 'Failures'),
      tag,
      summary: `${module}: messages that could not be handled, grouped by error`,
      answers: {
        200: {
          description: 'The largest groups first, at most 100.',
          schema: v.object({ data: v.array(FailureGroup), nextCursor: v.null() }),
          example: {
            data: [{ ...group, parked: 0, dead: 1, seen: 1, oldestAt: at, latestAt: at, exampleIds: [id] }],
            nextCursor: null,
          },
        },
      },
      problems: ['unavailable'],
    }),
    failure: operation({
      id: named('find', 'Failure'),
      tag,
      summary: `${module}: a message that could not be handled, whole`,
      answers: {
        200: {
          description: 'The failure.',
          schema: Failure,
          example: {
            ...{ id, type: group.type, subject: id, message: { type: group.type }, error: group.error },
            ...{ attempts: 1, seen: 1, nextAttemptAt: null, parkedAt: at, failedAt: at },
          },
        },
      },
      problems: ['failure_not_found', 'unavailable'],
    }),
    redrive: acted('redrive', 'try failed messages again', 'So many are tried again.'),
    discard: acted('discard', 'give failed messages up', 'So many are given up.'),
  };
};
