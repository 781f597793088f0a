import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '@tandem/shared';
import { z } from 'zod';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

const schema = z.object({
  /** As `npm start` has it: relative to the project, whatever folder an import is called from. */
  DATA_DIR: z.string().default('./data'),
});

/** The data folder of the Tandem that `npm start` runs on this machine. */
export function readDataFolder(environment?: Readonly<Record<string, string | undefined>>): string {
  return resolve(PROJECT, readConfig(schema, environment).DATA_DIR);
}
