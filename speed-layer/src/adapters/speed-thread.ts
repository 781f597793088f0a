import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { SharedConnections } from '@tandem/shared/adapters/connections';
import type { SpeedProcessConfig } from '../config.js';
import type { PartitionStanding } from '../start-speed-layer.js';

export type SpeedThread = {
  standing(): readonly PartitionStanding[];
  reasonsNotReady(): readonly string[];
  stop(): Promise<void>;
};

const LONGEST_STOP_MS = 10_000;

/**
 * Starts a speed worker in a thread of its own and resolves when it runs. Throws what it throws at start.
 * An error that it does not handle later is one that this process does not handle either, and ends it.
 */
export async function startThread(config: SpeedProcessConfig & SharedConnections): Promise<SpeedThread> {
  const worker = new Worker(new URL('./speed-worker.js', import.meta.url), { workerData: { ...config } });
  let standing: readonly PartitionStanding[] = [];
  let hasEnded = false;
  const exited = once(worker, 'exit').then(() => {
    hasEnded = true;
  });
  await once(worker, 'message');
  worker.on('message', (found: readonly PartitionStanding[]) => {
    standing = found;
  });
  return {
    standing: () => standing,
    reasonsNotReady: () =>
      hasEnded ? ['a worker thread has ended'] : standing.flatMap(({ blocked }) => blocked ?? []),
    stop: async () => {
      worker.postMessage('stop');
      await Promise.race([exited, sleep(LONGEST_STOP_MS, undefined, { ref: false })]);
      await worker.terminate();
    },
  };
}
