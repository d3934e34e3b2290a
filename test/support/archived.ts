/** A PostgreSQL server that archives its log, for one database, which can be put back to a restore point. */
import { execFile } from 'node:child_process';
import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { unprivilegedAccount } from '../../src/embedded/binaries.ts';
import { type EmbeddedPostgres, startPostgres } from '../../src/embedded/postgres.ts';
import { makeFolder, removeFolder } from './folder.ts';
import { freePorts } from './ports.ts';

const run = promisify(execFile);

export interface ArchivedDatabase {
  /** As the module has it; the same after a restore. */
  readonly url: string;
  /** A connection as superuser, to be closed with `end()`. */
  administer(): postgres.Sql;
  /** Stops the server and puts everything back to where it was when this restore point was made. `settings`: where to, as in postgresql.conf. */
  restore(settings: (archive: string) => Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

export async function startArchived(name: string): Promise<ArchivedDatabase> {
  const dataDir = await makeFolder();
  const [port] = await freePorts(1);
  const data = join(dataDir, 'postgres', 'data');
  const base = join(dataDir, 'base');
  const archive = join(dataDir, 'archive');
  const account = unprivilegedAccount();
  const own = async (path: string) => {
    if (account) await chown(path, account.uid, account.gid);
  };
  const start = (settings: Readonly<Record<string, string>>) =>
    startPostgres({
      dataDir,
      databases: [name],
      keeper: [process.execPath, 'dist/main.js', '__keeper'],
      // Nothing here outlives the test.
      settings: { port: String(port), fsync: 'off', ...settings },
    });
  const archiving = { archive_mode: 'on', archive_command: `cp %p ${archive}/%f` };

  await mkdir(archive);
  await own(archive);
  // The base backup: a copy of a server that stands still.
  await (await start({})).stop();
  await run('cp', ['-a', data, base]);
  let server: EmbeddedPostgres = await start(archiving);
  const admin = new URL(server.adminUrl);
  admin.pathname = `/${name}`;

  return {
    url: server.urls[name] ?? '',
    administer: () => postgres(admin.href, { max: 1, onnotice: () => {} }),
    async restore(settings) {
      // A fast shutdown archives what is left of the log.
      await server.stop();
      await rm(data, { recursive: true });
      await run('cp', ['-a', base, data]);
      const signal = join(data, 'recovery.signal');
      await writeFile(signal, '');
      await own(signal);
      // Nobody is let in before it is where it should be.
      server = await start({ ...archiving, ...settings(archive), hot_standby: 'off' });
    },
    async stop() {
      await server.stop();
      await removeFolder(dataDir);
    },
  };
}
