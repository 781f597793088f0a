import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@tandem/shared';
import { startEmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';
import { givenTestPostgresUrl, setTestPostgresUrl } from './config.js';
import { testPostgres } from './test-postgres.js';

/** Jest runs this once before all spec files: it starts one Postgres for them unless the caller brings one. */
export default async function setUp(): Promise<void> {
  if (givenTestPostgresUrl() !== undefined) return;
  const dataFolder = await mkdtemp(join(tmpdir(), 'tandem-test-postgres-'));
  await chmod(dataFolder, 0o755);
  testPostgres.dataFolder = dataFolder;
  testPostgres.server = await startEmbeddedPostgres({ dataFolder, logger: createLogger('test', 'warn') });
  setTestPostgresUrl(testPostgres.server.url);
}
