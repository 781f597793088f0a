import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, digestOf, type FoldedStretch, TandemError, ZERO_TALLY } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { overriding } from './testing/overriding.js';
import { ViewWatch } from './view-watch.js';

const LONGER_THAN_A_LOOK_MS = 1_500;
const logger = createLogger('test', 'silent');
const bytes = (text: string) => Buffer.from(text);

describe('A realtime view is compared with the log, and', () => {
  let log: MemoryEventLog;
  let store: MemoryRealtimeViewStore;
  let watch: ViewWatch | undefined;
  beforeEach(() => {
    log = new MemoryEventLog(1);
    store = new MemoryRealtimeViewStore(1);
  });
  afterEach(() => watch?.close());

  it('gives no doubt when the log holds its last record, and while both grow', async () => {
    await append('a', 'b');
    await hold('a', 'b');
    watch = await ViewWatch.open({ log, store, logger });
    expect(watch.doubt()).toBeNull();
    await append('c');
    await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_A_LOOK_MS));
    expect(watch.doubt()).toBeNull();
  });

  it('is doubted when it holds more than the log, until it is begun anew', async () => {
    await append('a');
    const owner = await hold('a', 'b');
    watch = await ViewWatch.open({ log, store, logger });
    expect(watch.doubt()).toContain('partition 0 of the realtime view holds 2 records, while the log ends at 1');
    await store.begin(0, owner, 0);
    await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_A_LOOK_MS));
    expect(watch.doubt()).toBeNull();
  });

  it('is doubted when the log holds another record where its last one was, also if the log is longer', async () => {
    await append('a', 'other', 'c');
    const owner = await hold('a', 'b');
    watch = await ViewWatch.open({ log, store, logger });
    expect(watch.doubt()).toContain('holds another record at offset 1 than the log');
    await store.begin(0, owner, 0);
    await store.apply(owner, stretchOf('a', 'other'));
    await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_A_LOOK_MS));
    expect(watch.doubt()).toBeNull();
  });

  it('is doubted when the log becomes shorter later', async () => {
    await append('a', 'b');
    await hold('a', 'b');
    let writtenEnds = () => log.writtenEnds();
    watch = await ViewWatch.open({ log: overriding(log, { writtenEnds: () => writtenEnds() }), store, logger });
    writtenEnds = async () => [1];
    await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_A_LOOK_MS));
    expect(watch.doubt()).toContain('ends at 1');
  });

  it.each([
    ['is silent', () => new Promise<never>(() => {})],
    ['is away', () => Promise.reject(new TandemError('unavailable', 'no broker answers'))],
  ])('gives no doubt while the log %s', async (_what, writtenEnds) => {
    await append('a');
    await hold('a', 'b');
    watch = await ViewWatch.open({ log: overriding(log, { writtenEnds, prove: writtenEnds }), store, logger });
    expect(watch.doubt()).toBeNull();
  });

  it('passes on what the log itself says', async () => {
    watch = await ViewWatch.open({ log: overriding(log, { doubt: () => 'made anew' as never }), store, logger });
    expect(watch.doubt()).toBe('made anew');
  });

  async function append(...values: readonly string[]): Promise<void> {
    await log.append(values.map((value) => ({ key: 'key', value: bytes(value) })));
  }

  async function hold(...values: readonly string[]): Promise<number> {
    const { owner } = await store.claim(0);
    await store.begin(0, owner, 0);
    await store.apply(owner, stretchOf(...values));
    return owner;
  }

  function stretchOf(...values: readonly string[]): FoldedStretch {
    const lastDigest = digestOf({ value: bytes(values.at(-1) ?? ''), barrier: null });
    const segments = [{ start: 0, tally: { ...ZERO_TALLY, read: values.length }, cells: new Map() }];
    return { partition: 0, from: 0, to: values.length, segments, lastDigest };
  }
});
