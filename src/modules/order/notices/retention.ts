/** What time takes away: deliveries that nobody will take any more, and those that ended long ago. */
import type { Database, Sql, Worker } from '../../../outbox/index.ts';
import { mailbox } from './store.ts';

/** Rows of one run: a fraction of a second. */
const maxRows = 1_000;
/** A month: for whoever asks what has become of a notice. */
export const keptDays = 30;
/** All attempts take 34 hours at most; after twice that nobody has been at work on it. */
const maxPendingDays = 3;

/** Ends what is stranded and deletes what is old, in portions. */
export function createRetention(database: Database): Worker {
  return {
    name: 'delivery retention',
    everyMs: 60_000,
    runOnce: () =>
      database.transaction(async (sql) => {
        const ended = await endStranded(sql);
        const { count } = await sql`
          delete from deliveries where ctid = any(array(
            select ctid from deliveries where ended_at < now() - make_interval(days => ${keptDays})
            order by ended_at limit ${maxRows} for update skip locked))`;
        return { more: ended === maxRows || count === maxRows };
      }),
  };
}

/** Its endpoint is disabled or deleted, or for days nobody could send it: it ends as failed, and can be replayed by hand. */
async function endStranded(sql: Sql): Promise<number> {
  const { count } = await sql`
    update deliveries set state = 'failed', due_at = null, ended_at = now(),
      error = case when begun_at < now() - make_interval(days => ${maxPendingDays}) then 'given up'
        else 'its endpoint is disabled or deleted' end
    where ctid = any(array(
      select ctid from deliveries where due_at is not null and (
        begun_at < now() - make_interval(days => ${maxPendingDays})
        or target <> ${mailbox} and target not in (select id from webhook_endpoints where disabled_at is null))
      limit ${maxRows} for update skip locked))`;
  return count;
}
