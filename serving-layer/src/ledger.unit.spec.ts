import { describe, expect, it } from '@jest/globals';
import type { PublishedRun, Tally } from '@tandem/shared';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { type LedgerSources, readLedger } from './ledger.js';

const run: PublishedRun = { id: 1, boundary: [3], publishedAt: new Date(0), definitions: {} };
const speedTally: Tally = { read: 5, folded: 2, unchecked: 0, duplicate: 1, invalid: 1, barriers: 1 };

/** One partition: batch has read 3 records, speed 5. */
async function ledgerWith(speed: Partial<Tally>, batch: { folded?: number; invalid?: number } = {}) {
  const store = new MemoryRealtimeViewStore(1);
  const { owner } = await store.claim(0);
  await store.begin(0, owner, 0);
  const segment = { start: 0, tally: { ...speedTally, ...speed }, cells: new Map() };
  await store.apply(owner, { partition: 0, from: 0, to: 5, segments: [segment] });
  const reader = {
    tallies: async () => [{ partition: 0, folded: batch.folded ?? 1, duplicate: 1, conflicts: 0 }],
    archived: async () => [{ partition: 0, events: 2, invalid: batch.invalid ?? 1, barriers: 0 }],
  };
  return readLedger({
    doubts: { doubt: () => null },
    runs: { current: async () => run, get: async () => ({ boundary: [0] }) },
    store,
    reader,
  } as unknown as LedgerSources);
}

describe('the ledger', () => {
  it('is balanced when every record is accounted for in both layers', async () => {
    const { balanced, batch, speed } = await ledgerWith({});
    expect(balanced).toBe(true);
    expect(batch.partitions).toEqual([
      {
        partition: 0,
        from: 0,
        to: 3,
        read: 3,
        folded: 1,
        unchecked: 0,
        duplicate: 1,
        invalid: 1,
        barriers: 0,
        off_by: 0,
      },
    ]);
    expect(speed.partitions).toEqual([{ partition: 0, from: 0, to: 5, ...speedTally, off_by: 0 }]);
  });

  it.each([
    ['speed read a record and did not account for it', { folded: 1 }, {}],
    ['speed skipped a record without reading it', { read: 4, folded: 1 }, {}],
    ['speed read a record twice', { read: 6, folded: 3 }, {}],
    ['batch lost a record', {}, { folded: 0 }],
    ['batch counted one twice', {}, { invalid: 2 }],
  ])('is not balanced when %s', async (_what, speed, batch) => {
    expect((await ledgerWith(speed, batch)).balanced).toBe(false);
  });
});
