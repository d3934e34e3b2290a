/** The price copy: what Order knows of Stock's products. The newest version wins, whichever way it came. */
import type { ListedProduct } from '../../contracts/stock.ts';
import { type Database, type Sql, type UnitOfWork, unsent, type Worker } from '../../outbox/index.ts';

/** A change that was lost on the way is noticed after this time at the latest, in seconds. */
const askAgainSeconds = 3_600;
/** A start asks too, unless another replica has just done so: what happened meanwhile may have been missed. */
const askAtStartSeconds = 60;

/** Takes over products that are newer than what is known of them. */
export async function adoptProducts(sql: Sql, products: readonly ListedProduct[]): Promise<void> {
  if (products.length === 0) return;
  await sql`
    insert into products (sku, name, unit_price, currency, version)
    select distinct on (sku) sku, name, "unitPrice", currency, version
    from json_to_recordset(${JSON.stringify(products)}::text::json)
      as told (sku text, name text, "unitPrice" bigint, currency text, version bigint)
    order by sku, version desc
    on conflict (sku) do update set name = excluded.name, unit_price = excluded.unit_price,
      currency = excluded.currency, version = excluded.version
    where products.version < excluded.version`;
}

/** The last page of Stock's list has come: orders can be priced. */
export async function markListed(sql: Sql): Promise<void> {
  await sql`update catalogue set listed_at = now()`;
}

/** False until Stock's list has come once: what is not in the copy may well be sold. */
export function isListed(database: Database): () => Promise<boolean> {
  let listed = false;
  return async () => {
    // Once true it stays true: the copy is never emptied.
    listed ||= await database.query(async (sql) => {
      const [row] = await sql<{ listed: boolean }[]>`select listed_at is not null as listed from catalogue`;
      return row?.listed ?? false;
    });
    return listed;
  };
}

/**
 * Asks Stock for its whole list: at the start and every hour, once per database; again after `retrySeconds` while the first
 * answer is missing. A question that is still in the outbox is not asked twice.
 */
export function createListing(unit: UnitOfWork, retrySeconds: number): Worker {
  let askAfterSeconds = askAtStartSeconds;
  return {
    name: 'product listing',
    everyMs: Math.min(5_000, retrySeconds * 1_000),
    runOnce: () =>
      unit.run(async ({ sql, send }) => {
        const [due] = await sql<{ questionId: string | null }[]>`
          select question_id as "questionId" from catalogue
          where asked_at is null
            or asked_at < now() - make_interval(secs => ${askAfterSeconds})
            or (asked_at < now() - make_interval(secs => ${retrySeconds}) and (listed_at is null or listed_at < asked_at))
          for update`;
        askAfterSeconds = askAgainSeconds;
        if (!due) return { more: false };
        const { questionId } = due;
        if (questionId && (await unsent(sql, [questionId])).has(questionId)) return { more: false };
        const question = send({ type: 'stock.list_products', subject: 'products', data: {} });
        await sql`update catalogue set asked_at = now(), question_id = ${question.id}`;
        return { more: false };
      }),
  };
}
