import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { normalizeExact } from '../../exact-integer.js';
import { DistinctSketch, hashOf } from '../../measures/distinct-sketch.js';
import { type Cell, type Cells, cellKey } from '../../metrics/cell.js';
import type { FoldedStretch, RealtimeView, RealtimeViewStore, Segment } from '../../ports/realtime-view-store.js';
import { ZERO_TALLY } from '../../tally.js';
import { MemoryRealtimeViewStore } from '../memory/memory-realtime-view-store.js';
import { RedisSubject } from './testing/redis-subject.js';

const CATEGORIES = ['books', 'toys & games', '=', '"', 'Überraschung 🎁', '__proto__'];

const cell = fc.record({
  category: fc.constantFrom(...CATEGORIES),
  hour: fc.integer({ min: 490_000, max: 490_003 }),
  sum: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }), fc.bigInt({ min: -9n, max: 9n })),
  orders: fc.array(fc.nat(200), { maxLength: 8 }),
});

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('apply' as const),
      parts: fc.array(fc.record({ records: fc.integer({ min: 1, max: 9 }), cells: fc.array(cell, { maxLength: 6 }) }), {
        minLength: 1,
        maxLength: 3,
      }),
      goesOn: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hand over' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cold' as const), reason: fc.constantFrom(null, 'full') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), below: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin' as const), from: fc.nat(9) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
type Apply = Extract<Step, { kind: 'apply' }>;

describe('the realtime view in Redis', () => {
  it.each([
    ['compacted now and then', 2_000],
    ['compacted all the time', 0],
    ['never compacted', 1e9],
  ])('is for every reader what a view in memory is, %s', async (_, leastCompactionLength) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
        const subject = new RedisSubject({ partitions: 1, leastCompactionLength });
        try {
          await new Play(subject).run(steps);
        } finally {
          await subject.close();
        }
      }),
      // Shrinking a failure would take longer than a test may, which would then fail without saying why.
      { numRuns: 40, endOnFailure: true },
    );
  });
});

/** Does the same with both stores, and compares what is read at random points, by one that reads on and by a new one. */
class Play {
  readonly #subject: RedisSubject;
  readonly #memory = new MemoryRealtimeViewStore(1);
  #writer: RealtimeViewStore | null = null;
  #owners = { writer: 0, memory: 0 };
  #applied = 0;
  #lastStart: number | null = null;

  constructor(subject: RedisSubject) {
    this.#subject = subject;
  }

  async run(steps: readonly Step[]): Promise<void> {
    const reader = await this.#subject.open();
    await this.#handOver();
    await this.#begin(0);
    for (const next of steps) {
      if (next.kind === 'read') await this.#compare(reader);
      else await this.#change(next);
    }
    await this.#compare(reader);
    await this.#compare(await this.#subject.open());
  }

  async #change(next: Exclude<Step, { kind: 'read' }>): Promise<void> {
    if (next.kind === 'hand over') return this.#handOver();
    if (next.kind === 'begin') return this.#begin(next.from);
    if (next.kind === 'cold') return this.#both((store, owner) => store.setCold(0, owner, next.reason));
    if (next.kind === 'drop') return this.#both((store, owner) => store.dropBelow(0, owner, next.below));
    const to = this.#applied + next.parts.reduce((sum, { records }) => sum + records, 0);
    const from = this.#applied;
    const first = next.goesOn ? (this.#lastStart ?? from) : from;
    await this.#both((store, owner) => store.apply(owner, stretchOf(next, from, to, first)));
    this.#applied = to;
    this.#lastStart = stretchOf(next, from, to, first).segments.at(-1)?.start ?? null;
  }

  async #handOver(): Promise<void> {
    this.#writer = await this.#subject.open();
    const claim = await this.#writer.claim(0);
    const inMemory = await this.#memory.claim(0);
    expect(claim.held).toEqual(inMemory.held);
    this.#owners = { writer: claim.owner, memory: inMemory.owner };
  }

  async #begin(from: number): Promise<void> {
    await this.#both((store, owner) => store.begin(0, owner, from));
    this.#applied = from;
    this.#lastStart = null;
  }

  async #both(act: (store: RealtimeViewStore, owner: number) => Promise<void>): Promise<void> {
    if (this.#writer) await act(this.#writer, this.#owners.writer);
    await act(this.#memory, this.#owners.memory);
  }

  async #compare(reader: RealtimeViewStore): Promise<void> {
    expect(contentOf(await reader.view())).toEqual(contentOf(await this.#memory.view()));
  }
}

function stretchOf({ parts }: Apply, from: number, to: number, first: number): FoldedStretch {
  let at = from;
  const segments = parts.map(({ records, cells }, index): Segment => {
    const start = index === 0 ? first : at;
    at += records;
    const tally = { ...ZERO_TALLY, read: records, folded: records };
    return { start, tally, cells: new Map(cells.length > 0 ? [['sales', cellsOf(cells)]] : []) };
  });
  return { partition: 0, from, to, segments };
}

function cellsOf(given: readonly (typeof cell extends fc.Arbitrary<infer Value> ? Value : never)[]): Cells {
  return new Map(
    given.map(({ category, hour, sum, orders }): [string, Cell] => {
      const sketch = DistinctSketch.of(orders.map((order) => hashOf(`${order}`)));
      return [cellKey(hour, [category]), { hour, dimensions: [category], states: [normalizeExact(sum), sketch] }];
    }),
  );
}

function contentOf({ partitions }: RealtimeView) {
  return partitions.map(({ from, applied, cold, segments }) => ({
    from,
    applied,
    cold,
    segments: segments.map(({ start, tally, cells }) => ({
      start,
      tally,
      cells: [...(cells.get('sales') ?? [])]
        .map(([key, { hour, dimensions, states }]) => ({
          key,
          hour,
          dimensions,
          states: states.map((state) => (state instanceof DistinctSketch ? state.smallest() : state)),
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    })),
  }));
}
