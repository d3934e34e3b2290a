/** Tells customers the outcome: every outcome has left a row; this loop makes of each what is to be delivered, and to whom. */
import { createSweeps, type Database, newId, type Worker } from '../../../outbox/index.ts';
import { enabledEndpoints } from './endpoints.ts';
import { type DueNotice, insertDeliveries, lockNotices, mailbox, markTold } from './store.ts';

/** Told in one run. */
const maxNotices = 100;

/** What is told of a notice once it is handed on. */
export interface HandedOn extends Pick<DueNotice, 'orderId' | 'status' | 'seconds'> {
  /** How many will be told: endpoints, and the customer by mail. */
  readonly deliveries: number;
}

/**
 * Takes notices that are due and hands them on: in one transaction each becomes a delivery for every enabled endpoint and one for
 * the mail, and is marked told. `mails`: whether there is somebody who delivers mail.
 */
export function createNotices(options: {
  readonly database: Database;
  readonly mails: boolean;
  readonly onHandedOn: (notice: HandedOn) => void;
}): Worker {
  const { database, mails, onHandedOn } = options;
  const begin = createSweeps();
  return {
    name: 'notices',
    everyMs: 1_000,
    async runOnce() {
      const sweep = begin();
      const handedOn = await database.transaction(async (sql) => {
        const notices = await lockNotices(sql, maxNotices, sweep.lastSeconds);
        if (notices.length === 0) return [];
        const endpoints = await enabledEndpoints(sql);
        const told = notices.map((notice) => ({
          notice,
          targets: mails && notice.hasEmail ? [...endpoints, mailbox] : endpoints,
        }));
        await insertDeliveries(
          sql,
          told.flatMap(({ notice: { orderId }, targets }) =>
            targets.map((target) => ({ id: newId(), orderId, target })),
          ),
        );
        await markTold(
          sql,
          notices.map(({ orderId }) => orderId),
        );
        return told.map(({ notice: { orderId, status, seconds }, targets }) => ({
          orderId,
          status,
          seconds,
          deliveries: targets.length,
        }));
      });
      if (handedOn.length < maxNotices) sweep.done();
      for (const notice of handedOn) onHandedOn(notice);
      return { more: handedOn.length === maxNotices };
    },
  };
}
