import { deleteDataFolder } from '../embedded-postgres/cluster-home.js';
import { testPostgres } from './test-postgres.js';

/** Jest runs this once after all spec files. */
export default async function tearDown(): Promise<void> {
  await testPostgres.server?.stop();
  if (testPostgres.dataFolder !== undefined) await deleteDataFolder(testPostgres.dataFolder);
}
