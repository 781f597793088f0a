import { beforeEach, describe, expect, it } from '@jest/globals';
import { DistinctSketch, hashOf } from '../measures/distinct-sketch.js';
import type { Cells } from '../metrics/cell.js';
import type { FoldedStretch, RealtimeViewStore, Segment } from '../ports/realtime-view-store.js';
import { ZERO_TALLY } from '../tally.js';

/** What every adapter of RealtimeViewStore must do. */
export function describeRealtimeViewStore(name: string, createStore: () => Promise<RealtimeViewStore>): void {
  describe(`${name}, as a realtime view store,`, () => {
    let store: RealtimeViewStore;
    let owner: number;
    beforeEach(async () => {
      store = await createStore();
    });
    const begin = async (from: readonly number[] = [0, 0]) => {
      owner = await store.begin(from);
    };
    const partition = async (number: number) => (await store.view()).partitions[number];

    describe('before an owner has begun', () => {
      it('is cold, with a reason, and empty', async () => {
        const view = await store.view();
        expect(view.partitions).toEqual([]);
        expect(view.cold).toMatch(/./);
      });
    });

    describe('when an owner begins', () => {
      it('covers nothing from the given offsets on, and stays cold until told otherwise', async () => {
        await begin([5, 9]);
        const cold = await store.view();
        expect(cold.cold).toMatch(/./);
        expect(cold.partitions.map(({ from, applied, segments }) => [from, applied, segments.length])).toEqual([
          [5, 5, 0],
          [9, 9, 0],
        ]);
        await store.setCold(owner, null);
        expect((await store.view()).cold).toBeNull();
        await store.setCold(owner, 'the view is full');
        expect((await store.view()).cold).toBe('the view is full');
      });

      it('drops what an earlier owner left and refuses that owner’s writes as fenced', async () => {
        await begin();
        await store.apply(owner, stretch(0, 0, 3, [segment(0, 3)]));
        const stale = owner;
        await begin([1, 1]);
        expect(owner).toBeGreaterThan(stale);
        const fenced = { code: 'fenced' };
        await expect(store.apply(stale, stretch(0, 1, 2, [segment(1, 1)]))).rejects.toMatchObject(fenced);
        await expect(store.dropBelow(stale, [9, 9])).rejects.toMatchObject(fenced);
        await expect(store.setCold(stale, null)).rejects.toMatchObject(fenced);
        expect((await store.view()).cold).not.toBeNull();
        expect(await partition(0)).toMatchObject({ from: 1, applied: 1, segments: [] });
      });
    });

    describe('when stretches are applied', () => {
      it('moves the applied offset with the segments, in that partition alone', async () => {
        await begin();
        await store.apply(owner, stretch(1, 0, 4, [segment(0, 4)]));
        expect(await partition(0)).toMatchObject({ applied: 0, segments: [] });
        expect(await partition(1)).toMatchObject({ from: 0, applied: 4, segments: [{ start: 0 }] });
      });

      it('adds to the last segment when the first one of the stretch has the same start', async () => {
        await begin();
        await store.apply(owner, stretch(0, 0, 4, [segment(0, 4, { books: 10 })]));
        await store.apply(owner, stretch(0, 4, 6, [segment(0, 2, { books: 5, toys: 1 })]));
        const segments = (await partition(0))?.segments ?? [];
        expect(segments.map(({ start, tally }) => [start, tally.read])).toEqual([[0, 6]]);
        expect(statesOf(segments[0])).toEqual({ books: [15, 2], toys: [1, 1] });
      });

      it('begins segments at barriers, apart from each other', async () => {
        await begin();
        await store.apply(owner, stretch(0, 0, 9, [segment(0, 4, { books: 1 }), segment(4, 5, { books: 2 })]));
        await store.apply(owner, stretch(0, 9, 12, [segment(4, 1, { books: 3 }), segment(10, 2, { books: 4 })]));
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
        await store.apply(owner, stretch(0, 0, 1, [{ ...segment(0, 1), cells: new Map() }]));
        await store.apply(owner, stretch(0, 1, 2, [segment(0, 1, { books: 7 })]));
        expect(statesOf((await partition(0))?.segments[0])['books']?.[0]).toBe(7);
      });

      it('refuses a stretch twice, with a hole, or backwards, and changes nothing', async () => {
        await begin();
        await store.apply(owner, stretch(0, 0, 4, [segment(0, 4, { books: 1 })]));
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
          await expect(store.apply(owner, wrong)).rejects.toMatchObject(conflict);
        }
        await expect(store.apply(owner, stretch(7, 0, 1, [segment(0, 1)]))).rejects.toMatchObject({
          code: 'not-found',
        });
        expect((await store.view()).version).toBe(version);
        expect(await partition(0)).toMatchObject({ applied: 4, segments: [{ start: 0, tally: { read: 4 } }] });
      });

      it('has another version after each change, and the same without one', async () => {
        await begin();
        const versions = [(await store.view()).version];
        await store.apply(owner, stretch(0, 0, 4, [segment(0, 2), segment(2, 2)]));
        versions.push((await store.view()).version);
        await store.dropBelow(owner, [2, 0]);
        versions.push((await store.view()).version);
        await store.setCold(owner, null);
        versions.push((await store.view()).version);
        await store.begin([0, 0]);
        versions.push((await store.view()).version);
        expect(new Set(versions).size).toBe(5);
        expect((await store.view()).version).toBe(versions.at(-1));
      });

      it('tells what it holds: cells and hashes, no more once they are dropped', async () => {
        await begin();
        expect(await store.heldSize()).toBe(0);
        await store.apply(owner, stretch(0, 0, 4, [segment(0, 2, { books: 1, toys: 1 }), segment(2, 2, { books: 1 })]));
        expect(await store.heldSize()).toBe(6);
        await store.apply(owner, stretch(0, 4, 5, [segment(2, 1, { books: 2 })]));
        expect(await store.heldSize()).toBe(7);
        await store.dropBelow(owner, [2, 0]);
        expect(await store.heldSize()).toBe(3);
      });
    });

    describe('when segments are dropped below a boundary', () => {
      beforeEach(async () => {
        await begin();
        await store.apply(owner, stretch(0, 0, 12, [segment(0, 4), segment(4, 4), segment(8, 4)]));
      });

      it('drops those that end at or below it, and covers from the first one left', async () => {
        await store.dropBelow(owner, [8, 0]);
        expect(await partition(0)).toMatchObject({ from: 8, applied: 12, segments: [{ start: 8 }] });
      });

      it('keeps one that reaches above it whole', async () => {
        await store.dropBelow(owner, [7, 0]);
        expect(await partition(0)).toMatchObject({ from: 4, segments: [{ start: 4 }, { start: 8 }] });
      });

      it('keeps the last one, which still grows, even when the boundary is ahead', async () => {
        await store.dropBelow(owner, [99, 99]);
        await store.apply(owner, stretch(0, 12, 13, [segment(8, 1)]));
        expect(await partition(0)).toMatchObject({
          from: 8,
          applied: 13,
          segments: [{ start: 8, tally: { read: 5 } }],
        });
        expect(await partition(1)).toMatchObject({ from: 0, applied: 0, segments: [] });
      });

      it('drops nothing below the first offset', async () => {
        const { version } = await store.view();
        await store.dropBelow(owner, [0, 0]);
        expect((await store.view()).version).toBe(version);
        expect((await partition(0))?.segments).toHaveLength(3);
      });
    });
  });
}

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
