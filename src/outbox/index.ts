/** The public face of the library: everything else in this folder is its own business. */

export { jsonLines } from './arrays.ts';
export {
  type Broker,
  BrokerAway,
  type ConnectBroker,
  type Delivery,
  declared,
  type Packet,
  PublishRefused,
  publishTimeoutMs,
  type Subscription,
  type Topology,
} from './broker.ts';
export { maxMessagesPerPacket } from './dispatcher.ts';
export type { Failures } from './failures.ts';
export { DeadMessage, DeadMessages, describe, isEnvironmental } from './faults.ts';
export { gather } from './gather.ts';
export { newId } from './id.ts';
export type { Handle, Handles, Incoming } from './inbox.ts';
export { createLoop, type Loop, type Worker } from './loop.ts';
export { batchType, type Cause, causeOf, type Draft, Envelope, type Message, singleType } from './message.ts';
export { createMessaging, type Messaging } from './messaging.ts';
export { type Migration, MigrationChanged, migrate, outboxMigrations, pendingMigrations } from './migrate.ts';
export type { Observer } from './observe.ts';
export type { Unit, UnitOfWork } from './outbox.ts';
export {
  createOverview,
  type FailureSelection,
  type MessagingLevels,
  type Overview,
  readLevels,
} from './overview.ts';
export { type RabbitEvent, rabbit } from './rabbit.ts';
export { nextRetry, type RetryPolicy } from './retry.ts';
export { portions, snapshot } from './snapshot.ts';
export { unsent } from './store.ts';
export { createSweeps, dueSince } from './sweep.ts';
export {
  type Database,
  DatabaseBusy,
  DatabaseTimeout,
  type Limits,
  OutcomeUnknown,
  openDatabase,
  type Sql,
  type Statement,
} from './transaction.ts';
