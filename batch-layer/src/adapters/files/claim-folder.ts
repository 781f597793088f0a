import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TandemError } from '@tandem/shared';
import { onDisk } from './storage-fault.js';

/** Names the database whose catalog lists the files of this folder. */
const OWNER_FILE = 'belongs-to';

/**
 * Makes sure that the folder's files are those of this database's catalog: files that stand in no catalog are garbage,
 * so with another database all of them would be. Throws `configuration-invalid` when they are another's.
 */
export async function claimFolder(folder: string, database: string): Promise<void> {
  await onDisk(() => mkdir(folder, { recursive: true }));
  const file = join(folder, OWNER_FILE);
  const owner = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (owner === database) return;
  if (owner === '') return onDisk(() => writeFile(file, `${database}\n`));
  throw new TandemError(
    'configuration-invalid',
    `MASTER_DATASET: found ${folder}, which belongs to the database ${owner}; this one is ${database}: choose another folder, or set POSTGRES_URL to that database`,
  );
}
