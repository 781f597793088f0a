import { waitFor } from '@tandem/lab/testing/tandem-process';
import type { RealtimeView } from '@tandem/shared';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import type { FrontDoor } from './house.js';
import { type Layer, type LayerProcess, startLayer } from './layer-process.js';
import { type Services, startServices } from './services.js';
import { openView } from './speed-processes.js';
import type { Workplace } from './workplace.js';

/** The three layers as processes of their own, with their defaults, over real servers. No schedule. */
export type ServicesHouse = FrontDoor & {
  readonly services: Services;
  readonly topic: string;
  readonly layers: Readonly<Record<Layer, LayerProcess>>;
  /** The realtime view as it is in Redis now. */
  view(): Promise<RealtimeView>;
};

const TOPIC = 'bench';

/** Starts servers and processes; resolves when every answer is provable. All of them end with the workplace. */
export async function openServicesHouse(place: Workplace): Promise<ServicesHouse> {
  const services = await startServices(place);
  const { url: databaseUrl, database } = await place.makeDatabase('services');
  const shared = { ...services, topic: TOPIC, databaseUrl };
  const masterDataset = { MASTER_DATASET: await place.makeFolder('master-dataset'), BATCH_SCHEDULE: 'off' };
  const layers = {
    'batch-layer': await startLayer(place, 'batch-layer', shared, masterDataset),
    'speed-layer': await startLayer(place, 'speed-layer', shared),
    'serving-layer': await startLayer(place, 'serving-layer', shared, { PORT: '0' }),
  };
  const { url } = layers['serving-layer'];
  const isReady = async () => (await fetch(`${url}/ready`)).status === 200;
  await waitFor(`${url}/ready to say 200`, isReady);
  return { url, services, topic: TOPIC, layers, view: () => viewOnce(services, database, place) };
}

async function viewOnce({ redisUrl }: Services, database: Database, { logger }: Workplace): Promise<RealtimeView> {
  const store = await openView(redisUrl, database, logger);
  try {
    return await store.view();
  } finally {
    await store.close();
  }
}
