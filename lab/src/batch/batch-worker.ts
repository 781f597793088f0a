import { parentPort, workerData } from 'node:worker_threads';
import { type BatchLayerOptions, giveWay, startBatchLayer } from '@tandem/batch-layer';

/**
 * The batch layer in a thread of its own: its loops over the log and DuckDB's threads then block no query.
 * It shares nothing with the other layers but data. Its parent says when to stop; it says when it has started.
 */

giveWay();
const layer = await startBatchLayer(workerData as BatchLayerOptions);
parentPort?.once('message', () => void layer.stop().then(() => parentPort?.close()));
parentPort?.postMessage('started');
