/** A folder for the files of one test. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a folder that everybody may enter: as root PostgreSQL runs as another user, who must get there. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'order-saga-test-'));
  await chmod(folder, 0o755);
  return folder;
}

export const removeFolder = (folder: string) => rm(folder, { recursive: true, force: true });
