import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DistinctSketch, hashOf } from '../measures/distinct-sketch.js';
import type { Cells } from '../metrics/cell.js';
import { defineMetric } from '../metrics/define-metric.js';
import { distinct, type Metric, sum } from '../metrics/metric.js';
import { coldReason, type FoldedStretch, type RealtimeViewStore, type Segment } from '../ports/realtime-view-store.js';
import { ZERO_TALLY } from '../tally.js';

/** A new, empty store of 2 partitions. */
export type RealtimeViewStoreSubject = {
  /** Opens the same store once more, as another process would; where that is not possible, the same one again. */
  open(): Promise<RealtimeViewStore>;
  close(): Promise<void>;
};

/** What every adapter of RealtimeViewStore must do, for cells of one metric `sales` (see contractMetric). */
export function describeRealtimeViewStore(name: string, createSubject: () => Promise<RealtimeViewStoreSubject>): void {
  describe(`${name}, as a realtime view store,`, () => {
    let subject: RealtimeViewStoreSubject;
    let store: RealtimeViewStore;
    /** Another process, which only reads. */
    let reader: RealtimeViewStore;
    let owners: number[];
    beforeEach(async () => {
      subject = await createSubject();
      store = await subject.open();
      reader = await subject.open();
    });
    afterEach(() => subject.close());
    const claim = async () => {
      owners = [(await store.claim(0)).owner, (await store.claim(1)).owner];
    };
    const begin = async (from: readonly number[] = [0, 0]) => {
      await claim();
      for (const number of [0, 1]) await store.begin(number, ownerOf(number), from[number] ?? 0);
    };
    const ownerOf = (number: number) => owners[number] ?? 0;
    const apply = (stretch: FoldedStretch) => store.apply(ownerOf(stretch.partition), stretch);
    const partition = async (number: number) => (await reader.view()).partitions[number];

    describe('before anybody has begun', () => {
      it('is cold in every partition, with a reason, and empty', async () => {
        const view = await reader.view();
        expect(view.partitions.map(({ from, applied, segments }) => [from, applied, segments.length])).toEqual([
          [0, 0, 0],
          [0, 0, 0],
        ]);
        expect(coldReason(view)).toMatch(/^partition 0: ./);
        for (const { cold } of view.partitions) expect(cold).toMatch(/./);
      });

      it('has nothing to go on from for who claims a partition, and refuses stretches', async () => {
        expect((await store.claim(0)).held).toBeNull();
        const { owner } = await store.claim(0);
        await expect(store.apply(owner, stretch(0, 0, 1, [segment(0, 1)]))).rejects.toMatchObject({
          code: expect.stringMatching(/^(conflict|fenced)$/),
        });
      });
    });

    describe('when an owner begins', () => {
      it('covers nothing from the given offset on, and stays cold until told otherwise', async () => {
        await begin([5, 9]);
        const view = await reader.view();
        expect(view.partitions.map(({ from, applied, segments }) => [from, applied, segments.length])).toEqual([
          [5, 5, 0],
          [9, 9, 0],
        ]);
        for (const { cold } of view.partitions) expect(cold).toMatch(/./);
        await store.setCold(0, ownerOf(0), null);
        expect((await partition(0))?.cold).toBeNull();
        expect((await partition(1))?.cold).toMatch(/./);
        await store.setCold(0, ownerOf(0), 'the view is full');
        expect((await partition(0))?.cold).toBe('the view is full');
      });

      it('drops what was there, in that partition alone', async () => {
        await begin();
        await apply(stretch(0, 0, 3, [segment(0, 3, { books: 1 })]));
        await apply(stretch(1, 0, 3, [segment(0, 3, { toys: 1 })]));
        await store.begin(0, ownerOf(0), 1);
        expect(await partition(0)).toMatchObject({ from: 1, applied: 1, segments: [] });
        expect(statesOf((await partition(1))?.segments[0])).toEqual({ toys: [1, 1] });
      });
    });

    describe('when a partition is claimed', () => {
      it('refuses every write with an older claim as fenced, and changes nothing', async () => {
        await begin();
        await apply(stretch(0, 0, 3, [segment(0, 3)]));
        await store.setCold(0, ownerOf(0), null);
        const stale = ownerOf(0);
        const other = await subject.open();
        const { owner } = await other.claim(0);
        expect(owner).toBeGreaterThan(stale);
        const fenced = { code: 'fenced' };
        await expect(store.apply(stale, stretch(0, 3, 4, [segment(0, 1)]))).rejects.toMatchObject(fenced);
        await expect(store.dropBelow(0, stale, 9)).rejects.toMatchObject(fenced);
        await expect(store.setCold(0, stale, 'stale')).rejects.toMatchObject(fenced);
        await expect(store.begin(0, stale, 9)).rejects.toMatchObject(fenced);
        expect(await partition(0)).toMatchObject({ from: 0, applied: 3, cold: null, segments: [{ start: 0 }] });
      });

      it('goes on from where the view stands, with all that is in it', async () => {
        await begin([2, 0]);
        const last = { lastDigest: '0123456789abcdef01234567', lastBarrier: 'run-1.\u{1f381} "quoted"' };
        await apply({ ...stretch(0, 2, 9, [segment(2, 3, { books: 10 }), segment(5, 4, { books: 1 })]), ...last });
        await store.setCold(0, ownerOf(0), null);
        const other = await subject.open();
        const { owner, held } = await other.claim(0);
        expect(held).toEqual({ from: 2, applied: 9, segmentStart: 5, cold: null, ...last });
        await other.apply(owner, stretch(0, 9, 12, [segment(5, 3, { books: 5, toys: 2 })]));
        const segments = (await partition(0))?.segments ?? [];
        expect(segments.map(({ tally }) => tally.read)).toEqual([3, 7]);
        expect(segments.map(statesOf)).toEqual([{ books: [10, 1] }, { books: [6, 2], toys: [2, 1] }]);
      });

      it('leaves other partitions with their owners', async () => {
        await begin();
        await (await subject.open()).claim(0);
        await apply(stretch(1, 0, 4, [segment(0, 4)]));
        expect((await partition(1))?.applied).toBe(4);
      });

      it('refuses a partition that there is not', async () => {
        await expect(store.claim(7)).rejects.toMatchObject({ code: 'not-found' });
      });
    });

    describe('when stretches are applied', () => {
      it('moves the applied offset with the segments, in that partition alone', async () => {
        await begin();
        await apply(stretch(1, 0, 4, [segment(0, 4)]));
        expect(await partition(0)).toMatchObject({ applied: 0, segments: [] });
        expect(await partition(1)).toMatchObject({ from: 0, applied: 4, segments: [{ start: 0 }] });
      });

      it('adds to the last segment when the first one of the stretch has the same start', async () => {
        await begin();
        await apply(stretch(0, 0, 4, [segment(0, 4, { books: 10 })]));
        await apply(stretch(0, 4, 6, [segment(0, 2, { books: 5, toys: 1 })]));
        const segments = (await partition(0))?.segments ?? [];
        expect(segments.map(({ start, tally }) => [start, tally.read])).toEqual([[0, 6]]);
        expect(statesOf(segments[0])).toEqual({ books: [15, 2], toys: [1, 1] });
      });

      it('begins segments at barriers, apart from each other', async () => {
        await begin();
        await apply(stretch(0, 0, 9, [segment(0, 4, { books: 1 }), segment(4, 5, { books: 2 })]));
        await apply(stretch(0, 9, 12, [segment(4, 1, { books: 3 }), segment(10, 2, { books: 4 })]));
        const segments = (await partition(0))?.segments ?? [];
        expect(segments.map(({ start, tally }) => [start, tally.read])).toEqual([
          [0, 4],
          [4, 6],
          [10, 2],
        ]);
        expect(segments.map((held) => statesOf(held)['books']?.[0])).toEqual([1, 5, 4]);
      });

      it('keeps cells of a metric that the segment had none of', async () => {
        await begin();
        await apply(stretch(0, 0, 1, [{ ...segment(0, 1), cells: new Map() }]));
        await apply(stretch(0, 1, 2, [segment(0, 1, { books: 7 })]));
        expect(statesOf((await partition(0))?.segments[0])['books']?.[0]).toBe(7);
      });

      it('refuses a stretch twice, with a hole, or backwards, and changes nothing', async () => {
        await begin();
        await apply(stretch(0, 0, 4, [segment(0, 4, { books: 1 })]));
        const { version } = await store.view();
        const conflict = { code: 'conflict' };
        for (const wrong of [
          stretch(0, 0, 4, [segment(0, 4)]),
          stretch(0, 5, 6, [segment(0, 1)]),
          stretch(0, 4, 3, [segment(0, 1)]),
          stretch(0, 4, 9, [segment(2, 1)]),
          stretch(0, 4, 9, [segment(0, 1), segment(9, 1)]),
          stretch(0, 4, 9, [segment(0, 1), segment(7, 1), segment(6, 1)]),
        ]) {
          await expect(apply(wrong)).rejects.toMatchObject(conflict);
        }
        await expect(apply(stretch(7, 0, 1, [segment(0, 1)]))).rejects.toMatchObject({
          code: 'not-found',
        });
        expect((await reader.view()).version).toBe(version);
        expect(await partition(0)).toMatchObject({ applied: 4, segments: [{ start: 0, tally: { read: 4 } }] });
      });

      it('has another version after each change, and the same without one', async () => {
        await begin();
        const versions = [(await reader.view()).version];
        await apply(stretch(0, 0, 4, [segment(0, 2), segment(2, 2)]));
        versions.push((await reader.view()).version);
        await store.dropBelow(0, ownerOf(0), 2);
        versions.push((await reader.view()).version);
        await store.setCold(0, ownerOf(0), null);
        versions.push((await reader.view()).version);
        await store.begin(0, ownerOf(0), 0);
        versions.push((await reader.view()).version);
        expect(new Set(versions).size).toBe(5);
        expect((await reader.view()).version).toBe(versions.at(-1));
      });

      it('tells what it holds: cells and hashes, no more once they are dropped', async () => {
        await begin();
        expect(store.heldSize()).toBe(0);
        await apply(stretch(0, 0, 4, [segment(0, 2, { books: 1, toys: 1 }), segment(2, 2, { books: 1 })]));
        expect(store.heldSize()).toBe(6);
        await apply(stretch(0, 4, 5, [segment(2, 1, { books: 2 })]));
        expect(store.heldSize()).toBe(7);
        await store.dropBelow(0, ownerOf(0), 2);
        expect(store.heldSize()).toBe(3);
      });
    });

    describe('when segments are dropped below a boundary', () => {
      beforeEach(async () => {
        await begin();
        await apply(stretch(0, 0, 12, [segment(0, 4), segment(4, 4), segment(8, 4)]));
      });

      it('drops those that end at or below it, and covers from the first one left', async () => {
        await store.dropBelow(0, ownerOf(0), 8);
        expect(await partition(0)).toMatchObject({ from: 8, applied: 12, segments: [{ start: 8 }] });
      });

      it('keeps one that reaches above it whole', async () => {
        await store.dropBelow(0, ownerOf(0), 7);
        expect(await partition(0)).toMatchObject({ from: 4, segments: [{ start: 4 }, { start: 8 }] });
      });

      it('keeps the last one, which still grows, even when the boundary is ahead', async () => {
        await store.dropBelow(0, ownerOf(0), 99);
        await store.dropBelow(1, ownerOf(1), 99);
        await apply(stretch(0, 12, 13, [segment(8, 1)]));
        expect(await partition(0)).toMatchObject({
          from: 8,
          applied: 13,
          segments: [{ start: 8, tally: { read: 5 } }],
        });
        expect(await partition(1)).toMatchObject({ from: 0, applied: 0, segments: [] });
      });

      it('leaves a process that comes later all that is left, also of a stretch that went on with a dropped segment', async () => {
        const many = Object.fromEntries(Array.from({ length: 50 }, (_, number) => [`category ${number}`, number]));
        await apply(stretch(0, 12, 20, [segment(8, 8, many)]));
        await apply(stretch(0, 20, 23, [segment(8, 1, { books: 1 }), segment(21, 2, { books: 2 })]));
        await store.dropBelow(0, ownerOf(0), 21);
        const [seen] = (await (await subject.open()).view()).partitions;
        expect(seen).toMatchObject({ from: 21, applied: 23, segments: [{ start: 21, tally: { read: 2 } }] });
        expect(statesOf(seen?.segments[0])).toEqual({ books: [2, 1] });
        expect((await (await subject.open()).claim(0)).held).toMatchObject({ applied: 23, segmentStart: 21 });
      });

      it('drops nothing below the first offset', async () => {
        const { version } = await store.view();
        await store.dropBelow(0, ownerOf(0), 0);
        expect((await reader.view()).version).toBe(version);
        expect((await partition(0))?.segments).toHaveLength(3);
      });
    });
  });
}

/** The metric whose cells the contract applies: a sum and a distinct count, by category. */
export const contractMetric: Metric = defineMetric({
  name: 'sales',
  description: 'What the contract applies.',
  dimensions: ['category'],
  measures: { amount: sum('amount', ['order_placed']), orders: distinct('order_id', ['order_placed']) },
  derived: {},
});

function stretch(partition: number, from: number, to: number, segments: readonly Segment[]): FoldedStretch {
  return { partition, from, to, segments };
}

/** One cell per category with a sum and a sketch of one hash, which names the sum. */
function segment(start: number, read: number, sums: Readonly<Record<string, number>> = {}): Segment {
  const cells: Cells = new Map(
    Object.entries(sums).map(([category, sum]) => [
      `1\n${category}`,
      { hour: 1, dimensions: [category], states: [sum, DistinctSketch.of([hashOf(`${sum}`)])] },
    ]),
  );
  return { start, tally: { ...ZERO_TALLY, read, folded: read }, cells: new Map([['sales', cells]]) };
}

/** Sum and distinct count per category. */
function statesOf(held: Segment | undefined): Record<string, readonly number[]> {
  const cells = held?.cells.get('sales') ?? new Map();
  return Object.fromEntries(
    [...cells.values()].map(({ dimensions, states }) => [
      dimensions[0],
      states.map((state: unknown) => (state instanceof DistinctSketch ? state.count() : Number(state))),
    ]),
  );
}
