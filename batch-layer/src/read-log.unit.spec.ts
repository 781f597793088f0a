import { describe, expect, it } from '@jest/globals';
import { type LogBatch, type Offsets, type RunWait, TandemError } from '@tandem/shared';
import { type LogReading, readLog } from './read-log.js';

const UNTIL = [0, 20, 20];
const SILENCE_MS = 5;

/** A log of three partitions that gives what a test puts into it, when it does so. */
class ScriptedLog {
  ends: Offsets | Error = UNTIL;
  readonly #batches: LogBatch[] = [];
  #wake = () => {};
  #fault: unknown;
  hasEnded = false;

  put(partition: number, from: number, to: number): void {
    const records = Array.from({ length: to - from }, (_, index) => ({
      offset: from + index,
      value: null,
      barrier: null,
    }));
    this.#batches.push({ partition, records });
    this.#wake();
  }

  break(error: unknown): void {
    this.#fault = error;
    this.#wake();
  }

  async endOffsets(): Promise<Offsets> {
    if (this.ends instanceof Error) throw this.ends;
    return this.ends;
  }

  async *read(
    from: Offsets,
    { until, signal }: { until?: Offsets; signal?: AbortSignal } = {},
  ): AsyncGenerator<LogBatch> {
    signal?.addEventListener('abort', () => this.#wake());
    const next = [...from];
    try {
      while (!signal?.aborted && !until?.every((end, partition) => (next[partition] ?? 0) >= end)) {
        if (this.#fault) throw this.#fault;
        const batch = this.#batches.shift();
        if (!batch) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          continue;
        }
        next[batch.partition] = (batch.records.at(-1)?.offset ?? 0) + 1;
        yield batch;
      }
    } finally {
      this.hasEnded = true;
    }
  }
}

/** Reads all, noting what it is given and what it waits for. */
function start(log: ScriptedLog, options: Partial<LogReading> = {}) {
  const read: string[] = [];
  const waits: (RunWait | null)[] = [];
  const reading: LogReading = {
    log,
    cut: new AbortController().signal,
    waitMs: 60_000,
    onWaiting: async (waiting) => {
      waits.push(waiting);
    },
    logger: { warn: () => {}, info: () => {} },
    silenceMs: SILENCE_MS,
    ...options,
  };
  const ended = (async () => {
    for await (const { partition, records } of readLog(reading, [0, 0, 10], UNTIL)) {
      read.push(`${partition}:${records[0]?.offset}-${records.at(-1)?.offset}`);
    }
  })();
  ended.catch(() => {});
  return { read, waits, ended };
}

const lastOf = (waits: readonly (RunWait | null)[]) => waits.at(-1)?.for;
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}
const silence = () => new Promise((resolve) => setTimeout(resolve, 10 * SILENCE_MS));

describe('reading the log for a run', () => {
  it('passes on what it is given, and waits for nothing that comes', async () => {
    const log = new ScriptedLog();
    const { read, waits, ended } = start(log);
    log.put(1, 0, 20);
    log.put(2, 10, 20);
    await ended;
    expect([read, waits]).toEqual([['1:0-19', '2:10-19'], []]);
  });

  it('does not call it waiting when the log can be read and is only slow', async () => {
    const log = new ScriptedLog();
    const { waits, ended } = start(log);
    log.put(1, 0, 20);
    await silence();
    log.put(2, 10, 20);
    await ended;
    expect(waits).toEqual([]);
  });

  it('says which partition can be read to where, and since when, until that moves; then that it goes on', async () => {
    const log = new ScriptedLog();
    log.ends = [0, 20, 12];
    const startedAt = Date.now();
    const { read, waits, ended } = start(log);
    log.put(1, 0, 20);
    log.put(2, 10, 12);
    await until(() => waits.length === 1);
    await silence();
    expect(waits).toHaveLength(1);
    expect(lastOf(waits)).toMatch(/^partition 2 can be read to offset 12 and not yet to 20: .* transaction/);
    expect(waits[0]?.since.getTime()).toBeGreaterThanOrEqual(startedAt);
    log.ends = [0, 20, 15];
    await until(() => waits.length === 2);
    expect(lastOf(waits)).toMatch(/offset 15/);
    expect(waits[1]?.since.getTime()).toBeGreaterThan(waits[0]?.since.getTime() ?? Number.NaN);
    log.ends = UNTIL;
    log.put(2, 12, 20);
    await ended;
    expect(waits.slice(2)).toEqual([null]);
    expect(read).toEqual(['1:0-19', '2:10-11', '2:12-19']);
  });

  it('names every partition that is held, and none that has been read or that nothing is wanted of', async () => {
    const log = new ScriptedLog();
    log.ends = [0, 3, 12];
    const cutting = new AbortController();
    const { waits, ended } = start(log, { cut: cutting.signal });
    await until(() => waits.length === 1);
    cutting.abort();
    await ended;
    expect(
      lastOf(waits)
        ?.split('; ')
        .map((part) => part.slice(0, 'partition 1'.length)),
    ).toEqual(['partition 1', 'partition 2']);
  });

  it('gives up when the same record has held it for too long, and ends the read', async () => {
    const log = new ScriptedLog();
    log.ends = [0, 20, 12];
    const startedAt = Date.now();
    const { ended, waits } = start(log, { waitMs: 100 });
    log.put(1, 0, 20);
    await expect(ended).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/gave up waiting after 100 ms \(BATCH_LOG_WAIT_MS\): partition 2 can be read to/),
    });
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(100);
    expect(waits).toHaveLength(1);
    expect(log.hasEnded).toBe(true);
  });

  it('does not give up while one transaction after the other ends', async () => {
    const log = new ScriptedLog();
    log.ends = [0, 20, 11];
    const { ended, read } = start(log, { waitMs: 150 });
    log.put(1, 0, 20);
    for (let end = 12; end <= 20; end++) {
      await silence();
      log.ends = [0, 20, end];
    }
    log.put(2, 10, 20);
    await ended;
    expect(read.at(-1)).toBe('2:10-19');
  });

  it('leaves it to the read to say that the log is away or broken', async () => {
    const log = new ScriptedLog();
    log.ends = new TandemError('unavailable', 'no broker answers');
    const { ended, waits } = start(log);
    await silence();
    expect(waits).toEqual([]);
    log.break(new TandemError('corrupt', 'records are gone'));
    await expect(ended).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('ends when it is cut, also while it waits', async () => {
    const log = new ScriptedLog();
    log.ends = [0, 0, 10];
    const cutting = new AbortController();
    const { ended, waits } = start(log, { cut: cutting.signal });
    await until(() => waits.length === 1);
    cutting.abort();
    await ended;
    expect(log.hasEnded).toBe(true);
  });
});
