import { describe, expect, it } from '@jest/globals';
import { addTallies, type LogRecord, loadMetrics, offBy, type PartitionView, ZERO_TALLY } from '@tandem/shared';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { type PositionedValue, readByOracle } from '@tandem/shared/testing/oracle';
import fc from 'fast-check';
import { DuplicateWindow } from './duplicate-window.js';
import { stretchFoldOf } from './fold-stretch.js';
import { aScript, recordsOf } from './testing/logs.js';
import { rowsFrom, rowsOfEvents } from './testing/rows.js';

const metrics = await loadMetrics();
const foldStretch = stretchFoldOf(metrics);

/** Folds the records from an offset on, in stretches of the given sizes (repeated), over a window that has seen all below. */
async function fold(records: readonly LogRecord[], from: number, sizes: readonly number[], reach = 1_000) {
  const store = new MemoryRealtimeViewStore(1);
  const { owner } = await store.claim(0);
  await store.begin(0, owner, from);
  const window = new DuplicateWindow(reach);
  if (from > 0)
    foldStretch({ partition: 0, records: records.slice(0, from) }, { segmentStart: 0, window, seesAll: true });
  let [at, segmentStart] = [from, from];
  for (let turn = 0; at < records.length; turn++) {
    const stretchRecords = records.slice(at, at + (sizes[turn % sizes.length] ?? 1));
    const { stretch } = foldStretch({ partition: 0, records: stretchRecords }, { segmentStart, window, seesAll: true });
    await store.apply(owner, stretch);
    segmentStart = stretch.segments.at(-1)?.start ?? segmentStart;
    at = stretch.to;
  }
  return (await store.view()).partitions[0] as PartitionView;
}

/** The events at or above an offset that count, copies of events below it left out. */
function countingFrom(records: readonly PositionedValue[], from: number) {
  return readByOracle(records).events.slice(readByOracle(records.slice(0, from)).events.length);
}

const aPartition = aScript(1).map((script) => recordsOf(script, 0));
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
const barriersOf = (records: readonly LogRecord[]) => records.filter(({ barrier }) => barrier !== null);

describe('fold-stretch', () => {
  it('lets the segments from any barrier on say what the oracle finds above it, copies of what lies below left out', async () => {
    await fc.assert(
      fc.asyncProperty(aPartition, sizes, async (records, stretchSizes) => {
        const view = await fold(records, 0, stretchSizes);
        for (const start of [0, ...barriersOf(records).map(({ offset }) => offset)]) {
          for (const metric of metrics) {
            expect(rowsFrom(metric, view, start)).toEqual(rowsOfEvents(metric, countingFrom(records, start)));
          }
        }
      }),
    );
  });

  it('starts a segment at every barrier, at its own offset, and nowhere else', async () => {
    await fc.assert(
      fc.asyncProperty(aPartition, sizes, async (records, stretchSizes) => {
        const starts = (await fold(records, 0, stretchSizes)).segments.map(({ start }) => start);
        const first = records[0] === undefined || records[0].barrier !== null ? [] : [0];
        expect(starts).toEqual([...first, ...barriersOf(records).map(({ offset }) => offset)]);
      }),
    );
  });

  it('gives the same view whatever the sizes of the stretches', async () => {
    await fc.assert(
      fc.asyncProperty(aPartition, sizes, fc.integer({ min: 1, max: 20 }), async (records, stretchSizes, reach) => {
        const [one, many] = [await fold(records, 0, [10_000], reach), await fold(records, 0, stretchSizes, reach)];
        for (const metric of metrics) expect(rowsFrom(metric, many, 0)).toEqual(rowsFrom(metric, one, 0));
        expect(many.segments.map(({ start, tally }) => ({ start, tally }))).toEqual(
          one.segments.map(({ start, tally }) => ({ start, tally })),
        );
      }),
    );
  });

  it('accounts for every record: read = folded + duplicate + invalid + barriers, as the oracle counts them', async () => {
    await fc.assert(
      fc.asyncProperty(aPartition, sizes, async (records, stretchSizes) => {
        const { segments } = await fold(records, 0, stretchSizes);
        expect(segments.map(({ tally }) => offBy(tally))).toEqual(segments.map(() => 0));
        const { events, duplicates, invalid, barriers } = readByOracle(records);
        expect(segments.map(({ tally }) => tally).reduce(addTallies, ZERO_TALLY)).toEqual({
          read: records.length,
          folded: events.length,
          unchecked: 0,
          duplicate: duplicates,
          invalid,
          barriers,
        });
      }),
    );
  });

  it('gives out every invalid record with its position, bytes and reason', () => {
    fc.assert(
      fc.property(aPartition, (records) => {
        fc.pre(records.length > 0);
        const continuation = { segmentStart: 0, window: new DuplicateWindow(1_000), seesAll: true };
        const { deadLetters, stretch } = foldStretch({ partition: 0, records }, continuation);
        expect(deadLetters).toHaveLength(stretch.segments.reduce((sum, { tally }) => sum + tally.invalid, 0));
        for (const letter of deadLetters) {
          expect(letter.partition).toBe(0);
          expect(letter.value).toBe(records[letter.offset]?.value);
          expect(letter.reason).not.toBe('');
        }
      }),
    );
  });
});
