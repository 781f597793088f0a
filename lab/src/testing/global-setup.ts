import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@tandem/shared';
import { startEmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';
import { givenTestServices, needsServices, setTestServices } from './config.js';
import { startTestServices, testServices } from './test-services.js';

/** Jest runs this once before all spec files: it starts what they need, unless the caller brings it along. */
export default async function setUp(): Promise<void> {
  if (givenTestServices().postgres === undefined) await startPostgres();
  if (needsServices()) await startTestServices();
}

async function startPostgres(): Promise<void> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'tandem-test-postgres-'));
  await chmod(dataFolder, 0o755);
  testServices.dataFolder = dataFolder;
  testServices.postgres = await startEmbeddedPostgres({ dataFolder, logger: createLogger('test', 'warn') });
  setTestServices({ postgres: testServices.postgres.url });
}
