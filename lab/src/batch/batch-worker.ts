import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type BatchLayerOptions, startBatchLayer } from '@tandem/batch-layer';

/**
 * The batch layer in a thread of its own: its loops over the log and DuckDB's threads then block no query.
 * It shares nothing with the other layers but data. Its parent says when to stop; it says when it has started.
 */

/** On Linux this is the priority of a thread and of the threads that it makes: queries go first. Elsewhere it is the process'. */
const NICE = 10;

if (process.platform === 'linux') setPriority(NICE);
const layer = await startBatchLayer(workerData as BatchLayerOptions);
parentPort?.once('message', () => void layer.stop().then(() => parentPort?.close()));
parentPort?.postMessage('started');
