import { setTimeout as sleep } from 'node:timers/promises';
import {
  type EventLog,
  type LogBatch,
  type Logger,
  messageOf,
  type Offsets,
  type RunWait,
  TandemError,
} from '@tandem/shared';

export type LogReading = {
  readonly log: Pick<EventLog, 'read' | 'endOffsets'>;
  /** Ends the read, which then throws nothing. */
  readonly cut: AbortSignal;
  /** After so long at the same record of an open transaction the read throws `unavailable`. */
  readonly waitMs: number;
  /** Is told what the read waits for when that changes; null once it waits no more. */
  readonly onWaiting: (waiting: RunWait | null) => Promise<void>;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** After so long without a batch it is looked why. */
  readonly silenceMs?: number;
};

const SILENCE_MS = 1_000;

/**
 * Reads from `from` (inclusive) to `until` (exclusive) as `EventLog.read` does, and says when and why that stands still: the
 * records that a producer writes in a transaction, and all behind them, cannot be read before it ends.
 */
export async function* readLog(reading: LogReading, from: Offsets, until: Offsets): AsyncGenerator<LogBatch> {
  const { log, cut, silenceMs = SILENCE_MS } = reading;
  const ending = new AbortController();
  const batches = log.read(from, { until, signal: AbortSignal.any([cut, ending.signal]) })[Symbol.asyncIterator]();
  const wait = new Waiting(reading, until);
  let asked = batches.next();
  try {
    for (;;) {
      const found = await within(asked, silenceMs);
      if (found === 'silence') await wait.look();
      else if (found.done) return;
      else {
        await wait.goOn();
        yield found.value;
        asked = batches.next();
      }
    }
  } finally {
    ending.abort();
    await asked.catch(() => {});
    await batches.return?.();
  }
}

/** What a read waits for. */
class Waiting {
  readonly #reading: LogReading;
  readonly #until: Offsets;
  /** Since when a partition could be read no further than to an offset. */
  #since = new Map<string, number>();
  #told: string | null = null;

  constructor(reading: LogReading, until: Offsets) {
    this.#reading = reading;
    this.#until = until;
  }

  async goOn(): Promise<void> {
    await this.#tell(null);
  }

  /** Throws `unavailable` when it has waited for too long. */
  async look(): Promise<void> {
    const { log, waitMs, logger } = this.#reading;
    const ends = await log.endOffsets().catch((error) => {
      // The read says itself when the log is away for too long.
      logger.info({ reason: messageOf(error) }, 'the log does not say how far it can be read');
      return undefined;
    });
    if (!ends) return;
    const held = this.#until.flatMap((end, partition) => {
      const at = ends[partition] ?? 0;
      return at < end ? [{ partition, at, end }] : [];
    });
    const before = this.#since;
    const key = ({ partition, at }: (typeof held)[number]) => `${partition}:${at}`;
    this.#since = new Map(held.map((one) => [key(one), before.get(key(one)) ?? Date.now()]));
    if (held.length === 0) return this.#tell(null);
    const since = Math.min(...this.#since.values());
    const reason = held.map(sentence).join('; ');
    await this.#tell(reason, since);
    if (Date.now() - since >= waitMs) throw gaveUp(reason, waitMs);
  }

  async #tell(reason: string | null, since = 0): Promise<void> {
    if (reason === this.#told) return;
    const { onWaiting, logger } = this.#reading;
    this.#told = reason;
    if (reason === null) logger.info('the run waits no more');
    else logger.warn({ since: new Date(since) }, `the run waits: ${reason}`);
    await onWaiting(reason === null ? null : { for: reason, since: new Date(since) });
  }
}

function sentence({ partition, at, end }: { partition: number; at: number; end: number }): string {
  return `partition ${partition} can be read to offset ${at} and not yet to ${end}: another program holds a transaction open there`;
}

function gaveUp(reason: string, waitMs: number): TandemError {
  return new TandemError(
    'unavailable',
    `gave up waiting after ${waitMs} ms (BATCH_LOG_WAIT_MS): ${reason}. End the transaction (docs/runbook.md, "A transaction hangs"); the next run goes on`,
  );
}

async function within<Value>(asked: Promise<Value>, milliseconds: number): Promise<Value | 'silence'> {
  const timer = new AbortController();
  const late = sleep(milliseconds, 'silence' as const, { signal: timer.signal });
  late.catch(() => {});
  try {
    return await Promise.race([asked, late]);
  } finally {
    timer.abort();
  }
}
