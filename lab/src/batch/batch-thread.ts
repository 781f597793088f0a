import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { BatchLayerOptions } from '@tandem/batch-layer';
import type { Logger } from '@tandem/shared';

export type BatchThread = { stop(): Promise<void> };

/** How long a run in progress may take to finish when the layer stops. */
const LONGEST_FINISH_MS = 5_000;

/**
 * Starts the batch layer in a worker thread and resolves when it runs. Throws what it throws at start.
 * An error that it does not handle later is one that this process does not handle either, and ends it.
 */
export async function startBatchThread(options: BatchLayerOptions, logger: Logger): Promise<BatchThread> {
  const worker = new Worker(new URL('./batch-worker.js', import.meta.url), { workerData: options });
  const exited = new Promise<true>((resolve) => worker.once('exit', () => resolve(true)));
  await once(worker, 'message');
  let isStopping = false;
  worker.on('error', (error) => {
    if (!isStopping) throw error;
    logger.warn({ error: error.message }, 'the batch layer ended with an error');
  });
  const stop = async () => {
    isStopping = true;
    worker.postMessage('stop');
    if (await Promise.race([exited, sleep(LONGEST_FINISH_MS, false, { ref: false })])) return;
    // Nothing of it has been published, so nothing is lost but its work.
    logger.warn('a batch run is cut off; the next start marks it as failed');
    worker.unref();
  };
  return { stop };
}
