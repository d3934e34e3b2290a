/** The SQL of webhook endpoints: an administrator's list. */
import type { Sql } from '../../../outbox/index.ts';

/** Every outcome is a delivery to each of them. */
export const maxEndpoints = 100;
/** How long a secret that was replaced still signs, in hours: time to bring the new one to whoever receives. */
const rotationHours = 24;

/** An endpoint as people see it: without its secrets. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly createdAt: Date;
  readonly enabled: boolean;
  readonly disabledAt: Date | null;
  readonly disabledReason: string | null;
  /** Until then the secret before this one signs too. */
  readonly previousSecretUntil: Date | null;
}

const columns = (sql: Sql) => sql`
  id, url, description, created_at as "createdAt", disabled_at is null as enabled, disabled_at as "disabledAt",
  disabled_reason as "disabledReason",
  case when previous_secret_until > now() then previous_secret_until end as "previousSecretUntil"`;

/** Undefined: there are as many as there may be. */
export async function insertEndpoint(
  sql: Sql,
  endpoint: {
    readonly id: string;
    readonly url: string;
    readonly description: string;
    readonly secret: string;
  },
): Promise<Endpoint | undefined> {
  const { id, url, description, secret } = endpoint;
  // Two who come together must not both be the last.
  await sql`lock table webhook_endpoints in share row exclusive mode`;
  const [inserted] = await sql<Endpoint[]>`
    insert into webhook_endpoints (id, url, description, secret)
    select ${id}, ${url}, ${description}, ${secret}
    where (select count(*) from webhook_endpoints) < ${maxEndpoints}
    returning ${columns(sql)}`;
  return inserted;
}

/** All there are, newest first. */
export async function listEndpoints(sql: Sql): Promise<readonly Endpoint[]> {
  return sql<
    Endpoint[]
  >`select ${columns(sql)} from webhook_endpoints order by id desc limit ${maxEndpoints}`;
}

export async function findEndpoint(sql: Sql, id: string): Promise<Endpoint | undefined> {
  const [endpoint] = await sql<Endpoint[]>`select ${columns(sql)} from webhook_endpoints where id = ${id}`;
  return endpoint;
}

/** False: there is none. What is on its way to it ends with the next look at stranded deliveries. */
export async function deleteEndpoint(sql: Sql, id: string): Promise<boolean> {
  return (await sql`delete from webhook_endpoints where id = ${id}`).count > 0;
}

/** Both secrets sign for a day; the one before the last is forgotten at once. */
export async function rotateSecret(sql: Sql, id: string, secret: string): Promise<Endpoint | undefined> {
  const [endpoint] = await sql<Endpoint[]>`
    update webhook_endpoints set secret = ${secret}, previous_secret = secret,
      previous_secret_until = now() + make_interval(hours => ${rotationHours})
    where id = ${id} returning ${columns(sql)}`;
  return endpoint;
}

/** The secrets that sign for an endpoint now, the newest first; none if it is not there. */
export async function findSecrets(sql: Sql, id: string): Promise<readonly string[]> {
  const [endpoint] = await sql<{ secrets: string[] }[]>`
    select ${signingSecrets(sql)} as secrets from webhook_endpoints where id = ${id}`;
  return endpoint?.secrets ?? [];
}

/** Of a row of `webhook_endpoints`. */
export const signingSecrets = (sql: Sql) => sql`
  array_remove(array[secret, case when previous_secret_until > now() then previous_secret end], null)`;

export async function enableEndpoint(sql: Sql, id: string): Promise<Endpoint | undefined> {
  const [endpoint] = await sql<Endpoint[]>`
    update webhook_endpoints set disabled_at = null, disabled_reason = null
    where id = ${id} returning ${columns(sql)}`;
  return endpoint;
}

/** Returns the ids of those that were enabled until now. */
export async function disableEndpoints(
  sql: Sql,
  ids: readonly string[],
  reason: string,
): Promise<readonly string[]> {
  if (ids.length === 0) return [];
  const rows = await sql<{ id: string }[]>`
    update webhook_endpoints set disabled_at = now(), disabled_reason = ${reason}
    where id = any(${[...new Set(ids)].sort()}::uuid[]) and disabled_at is null returning id`;
  return rows.map(({ id }) => id);
}

/** The ids of those that are told of outcomes. */
export async function enabledEndpoints(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ id: string }[]>`select id from webhook_endpoints where disabled_at is null`;
  return rows.map(({ id }) => id);
}
