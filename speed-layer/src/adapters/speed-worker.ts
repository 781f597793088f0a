import { parentPort, threadId, workerData } from 'node:worker_threads';
import { createLogger, type ProcessParts } from '@tandem/shared';
import { kafkaConnectionOf, type SharedConnections } from '@tandem/shared/adapters/connections';
import { openDeadLetters } from '@tandem/shared/adapters/open-dead-letters';
import { openSharedParts } from '@tandem/shared/adapters/open-shared-parts';
import type { SpeedProcessConfig } from '../config.js';
import { startSpeedLayer } from '../start-speed-layer.js';

/**
 * One speed worker in a thread of its own, with connections of its own: the group gives it a share of the partitions.
 * Its parent says when to stop; it says when it has started, and now and then where it stands.
 */

const REPORT_MS = 500;

const config = workerData as SpeedProcessConfig & SharedConnections;
const logger = createLogger('speed-layer', config.LOG_LEVEL).child({ thread: threadId });
const stops: (() => Promise<unknown> | unknown)[] = [];
const parts: ProcessParts = { add: (stop) => stops.push(stop) };
const shared = await openSharedParts('speed layer', config, parts, logger);
const deadLetters = await openDeadLetters({ kafka: kafkaConnectionOf(config), database: shared.database, logger });
parts.add(() => deadLetters.close());
const layer = await startSpeedLayer({ ...shared, deadLetters, config, logger });
const reporting = setInterval(() => parentPort?.postMessage(layer.standing()), REPORT_MS);
parentPort?.once('message', () => void stop());
parentPort?.postMessage([]);

async function stop(): Promise<void> {
  clearInterval(reporting);
  await layer.stop();
  for (const part of stops.reverse()) await Promise.resolve(part()).catch(() => {});
  parentPort?.close();
}
