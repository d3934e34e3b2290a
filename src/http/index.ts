/** The kit that all doors share. */

export { type Admitted, createAdmission, type DoorDatabase, type DoorUnit } from './admission.ts';
export { auditRoutes, factsEnd, factsPath, factsRoutes } from './facts.ts';
export { Account, messagingRoutes } from './failures.ts';
export { allow, createGuard, customerOf, forbidden, openToAll, subjectOf } from './guard.ts';
export { cursor, Limit, page } from './page.ts';
export { type Fault, problem, unavailable, unknownOutcome } from './problem.ts';
export { createRateLimit } from './rate.ts';
export { createApp, type Listening, listen, PortInUse, type ServerLimits } from './server.ts';
export { createVerifier, scopes, signToken, type TokenSettings } from './tokens.ts';
export { body, param, query } from './validate.ts';
