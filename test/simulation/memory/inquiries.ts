/** What a participant is held to ask after, in memory. */
import type { InquiryStore } from '../../../src/modules/inquiries.ts';
import { inSeconds, type Memory, overdue, type Table } from './database.ts';
import type { MessageMemory } from './messages.ts';

/** The columns of a table whose rows are asked after. */
export interface Inquired {
  readonly orderId: string;
  /** Null: nothing is held. */
  readonly inquireAt: number | null;
  readonly inquiries: number;
  readonly inquiryId: string | null;
}

const maxWaitSeconds = 3_600;

/** `name`: the table's name in SQL. */
export function createInquiryMemory<Row extends Inquired>(
  memory: Memory,
  { outbox }: MessageMemory,
  name: string,
  rows: Table<Row>,
): InquiryStore {
  /** Runs a statement about the one table there is. */
  const about = (table: string) => {
    if (table !== name) throw new Error(`there is no table ${table}`);
    return rows;
  };

  return {
    lockDue: (sql, table, limit) =>
      memory.run(sql, () =>
        overdue(about(table).values(), ({ inquireAt }) => inquireAt, limit).map(({ orderId, inquiryId }) => ({
          orderId,
          inquiryId,
        })),
      ),

    noteAsked: (sql, table, asked, afterSeconds) =>
      memory.run(sql, () => {
        for (const { orderId, id } of asked) {
          const row = about(table).get(orderId);
          if (!row) continue;
          const waitSeconds = Math.min(afterSeconds * 2 ** Math.min(row.inquiries, 20), maxWaitSeconds);
          about(table).update(orderId, {
            ...row,
            inquiryId: id,
            inquiries: row.inquiries + 1,
            inquireAt: inSeconds(waitSeconds),
          });
        }
      }),

    unsent: (sql, ids) => memory.run(sql, () => new Set(ids.filter((id) => outbox.has(id)))),
  };
}
