/** What comes along when nothing is configured: PostgreSQL beside the process, a broker inside it. */
import type { ConnectBroker } from '../outbox/index.ts';
import { createMemoryBroker } from './broker.ts';
import { startPostgres } from './postgres.ts';

export { visitPostgres } from './postgres.ts';

export interface EmbeddedServices {
  readonly databaseUrls: Readonly<Record<string, string>>;
  readonly connectBroker: ConnectBroker;
  /** Leaves the URL for whoever tries to use the same `dataDir` meanwhile. */
  announce(url: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL with a database and a role for each name. `keeper`: the command that runs this program's `runKeeper`.
 * Throws if another program owns `dataDir`, naming it.
 */
export async function startEmbedded(options: {
  readonly dataDir: string;
  readonly databases: readonly string[];
  readonly keeper: readonly string[];
}): Promise<EmbeddedServices> {
  const postgres = await startPostgres(options);
  return {
    databaseUrls: postgres.urls,
    connectBroker: createMemoryBroker().connect,
    announce: async (url) => postgres.announce(url),
    stop: () => postgres.stop(),
  };
}
