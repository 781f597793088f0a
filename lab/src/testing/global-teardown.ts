import { rm } from 'node:fs/promises';
import { deleteDataFolder } from '../embedded-postgres/cluster-home.js';
import { testServices } from './test-services.js';

/** Jest runs this once after all spec files. */
export default async function tearDown(): Promise<void> {
  const { postgres, started, dataFolder, folder } = testServices;
  await Promise.all([postgres?.stop(), ...started.map((service) => service.stop())]);
  if (dataFolder !== undefined) await deleteDataFolder(dataFolder);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
