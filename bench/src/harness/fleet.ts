import { setTimeout as sleep } from 'node:timers/promises';
import type { RealtimeView } from '@tandem/shared';
import { cpuSecondsOf, type Reading } from './peer-process.js';

/** Speed workers in processes of their own that share the partitions of one topic and fill one view. */
export type Fleet = {
  readonly pids: readonly number[];
  /**
   * Per partition, every record below (exclusive) is in the view. Asked often: it should cost next to nothing. Throws when
   * a worker has ended, so that nobody waits for it.
   */
  applied(): Promise<readonly number[]>;
  view(): Promise<RealtimeView>;
  /** Ends the workers. Idempotent. */
  stop(): Promise<void>;
};

const POLL_MS = 5;
const DEADLINE_MS = 600_000;

/**
 * Waits until the fleet has applied everything below `ends` (exclusive, per partition), and says how long it took since
 * the first records were there to see; those do not count into the rate. Throws when it takes longer than ten minutes.
 */
export async function readingOf(fleet: Fleet, ends: readonly number[]): Promise<Reading> {
  const deadline = performance.now() + DEADLINE_MS;
  let start: { readonly ms: number; readonly records: number } | undefined;
  for (;;) {
    const applied = await fleet.applied();
    const records = applied.reduce((sum, offset) => sum + offset, 0);
    if (records > 0) start ??= { ms: performance.now(), records };
    if (start && ends.every((end, partition) => (applied[partition] ?? 0) >= end)) {
      const seconds = (performance.now() - start.ms) / 1000;
      return { records: records - start.records, seconds, cpuSeconds: await cpuSecondsOfAll(fleet.pids) };
    }
    if (performance.now() > deadline) throw new Error(`found ${applied} applied of ${ends} after ${DEADLINE_MS} ms`);
    await sleep(POLL_MS);
  }
}

/** The reading with what the servers have used meanwhile added to it. */
export async function withServers(pids: readonly number[], read: () => Promise<Reading>): Promise<Reading> {
  const before = await cpuSecondsOfAll(pids);
  const reading = await read();
  return { ...reading, cpuSeconds: reading.cpuSeconds + (await cpuSecondsOfAll(pids)) - before };
}

async function cpuSecondsOfAll(pids: readonly number[]): Promise<number> {
  return (await Promise.all(pids.map(cpuSecondsOf))).reduce((sum, seconds) => sum + seconds, 0);
}
