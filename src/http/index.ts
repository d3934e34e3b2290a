/** The kit that all doors share. */

export { type Admitted, createAdmission, type DoorDatabase, type DoorUnit } from './admission.ts';
export { conditionalJson } from './conditional.ts';
export { createEventStreams, type EventStreams } from './events.ts';
export { auditRoutes, factsEnd, factsPath, factsRoutes } from './facts.ts';
export { Account, messagingRoutes } from './failures.ts';
export { cursor, Limit, Moment, page } from './page.ts';
export { comeAgain, type Fault, problem } from './problem.ts';
export { createApp, type Listening, listen, PortInUse, type ServerLimits } from './server.ts';
export { body, param, query } from './validate.ts';
