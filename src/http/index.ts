/** The kit that all doors share. */

export { type Admitted, createAdmission, type DoorDatabase, type DoorUnit } from './admission.ts';
export { conditionalJson } from './conditional.ts';
export { asyncApiRoute } from './documents.ts';
export { createEventStreams, type EventStreams } from './events.ts';
export { auditRoutes, factsEnd, factsPath, factsRoutes } from './facts.ts';
export { Account, messagingRoutes } from './failures.ts';
export { allow, createGuard, customerOf, forbidden, openToAll, subjectOf } from './guard.ts';
export {
  answer,
  answerOnce,
  give,
  giveAgain,
  type Idempotent,
  idempotent,
  refusal,
} from './idempotency.ts';
export {
  type Answer,
  type Asked,
  createForgetting,
  idempotencyMigrations,
  type Taken,
  takeKeys,
} from './idempotency-store.ts';
export { conditional, named, type Operation, operation, pageOf, Time } from './operation.ts';
export { cursor, Limit, Moment, page } from './page.ts';
export { preferredWaitSeconds, waited } from './prefer.ts';
export { comeAgain, type Fault, problem } from './problem.ts';
export { createRateLimit } from './rate.ts';
export { createApp, type Listening, listen, PortInUse, type ServerLimits } from './server.ts';
export { createVerifier, scopes, signToken, type TokenSettings } from './tokens.ts';
export { body, param, query } from './validate.ts';
