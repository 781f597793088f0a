import {
  type EventLog,
  type LogBatch,
  type Logger,
  messageOf,
  type Offsets,
  type ReadOptions,
  TandemError,
} from '@tandem/shared';
import { backoffMs, sleep } from './patience.js';

export type LogReading = ReadOptions & {
  readonly signal: AbortSignal;
  /** Largest batch that is given out. */
  readonly maxRecords: number;
  readonly logger: Logger;
};

/**
 * Reads the log from `positions()` (inclusive), in batches of at most `maxRecords`. The caller moves its positions past
 * a batch before it asks for the next. When the log is unavailable, reads on from the positions, as often as it takes.
 * Ends at `until`, or when the signal is aborted. Throws `corrupt` when the log leaves out or repeats a record.
 */
export async function* readLog(log: EventLog, positions: () => Offsets, reading: LogReading): AsyncGenerator<LogBatch> {
  const { signal, logger, maxRecords, until } = reading;
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const batch of log.read(positions(), until ? { until, signal } : { signal })) {
        failures = 0;
        refuseGap(batch, positions());
        yield* inPieces(batch, maxRecords);
      }
      return;
    } catch (error) {
      if (!(error instanceof TandemError && error.retriable)) throw error;
      logger.warn({ failures: ++failures, reason: messageOf(error) }, 'the log cannot be read now; trying again');
      await sleep(backoffMs(failures), signal);
    }
  }
}

function* inPieces({ partition, records }: LogBatch, maxRecords: number): Generator<LogBatch> {
  for (let at = 0; at < records.length; at += maxRecords) {
    yield { partition, records: records.slice(at, at + maxRecords) };
  }
}

function refuseGap({ partition, records }: LogBatch, positions: Offsets): void {
  const expected = positions[partition] ?? -1;
  const found = records.findIndex(({ offset }, index) => offset !== expected + index);
  if (found === -1) return;
  throw new TandemError(
    'corrupt',
    `partition ${partition} of the log: found offset ${records[found]?.offset}; allowed is ${expected + found}, as offsets have no gaps`,
  );
}
