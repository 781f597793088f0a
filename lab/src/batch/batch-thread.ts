import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BatchLayerOptions } from '@tandem/batch-layer';

export type BatchThread = { stop(): Promise<void> };

/**
 * Starts the batch layer in a worker thread and resolves when it runs. Throws what it throws at start.
 * An error that it does not handle later is one that this process does not handle either, and ends it.
 */
export async function startBatchThread(options: BatchLayerOptions): Promise<BatchThread> {
  const worker = new Worker(new URL('./batch-worker.js', import.meta.url), { workerData: options });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  await once(worker, 'message');
  worker.on('error', (error) => {
    throw error;
  });
  const stop = async () => {
    worker.postMessage('stop');
    await exited;
  };
  return { stop };
}
