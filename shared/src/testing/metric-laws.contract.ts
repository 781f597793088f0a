import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Event } from '../events/event.js';
import { MS_PER_DAY, MS_PER_HOUR } from '../events/instant.js';
import { DistinctSketch } from '../measures/distinct-sketch.js';
import { addCells, addStates, type Cells, type MeasureState, zeroStates } from '../metrics/cell.js';
import { foldOf } from '../metrics/fold.js';
import type { Metric } from '../metrics/metric.js';
import { aLog, positioned } from './arbitraries.js';
import { answerByOracle, type OracleRow, readByOracle } from './oracle.js';

/** The events that count in an arbitrary log. */
const someEvents = aLog(2, 40).map((log) => readByOracle(positioned(log)).events);

/** What must hold for every metric, whoever defines it: a new definition is tested by calling this. */
export function describeMetricLaws(metric: Metric): void {
  const fold = (events: readonly Event[]): Cells => {
    const cells: Cells = new Map();
    const apply = foldOf(metric);
    for (const event of events) apply(cells, event);
    return cells;
  };
  const merge = (...parts: readonly Cells[]): Cells => {
    const merged: Cells = new Map();
    for (const part of parts) addCells(metric, merged, part);
    return merged;
  };

  describe(`${metric.name}`, () => {
    it('gives the same cells whether events are folded at once or in parts that are merged', () => {
      fc.assert(
        fc.property(someEvents, fc.nat(), (events, cut) => {
          const at = cut % (events.length + 1);
          const parts = merge(fold(events.slice(0, at)), fold(events.slice(at)));
          expect(contentOf(parts)).toEqual(contentOf(fold(events)));
        }),
      );
    });

    it('gives the same cells in whatever order the events come', () => {
      fc.assert(
        fc.property(someEvents, (events) => {
          expect(contentOf(fold([...events].reverse()))).toEqual(contentOf(fold(events)));
        }),
      );
    });

    it('merges cells associatively and commutatively, with no cells neutral, and changes none of them', () => {
      fc.assert(
        fc.property(someEvents, someEvents, someEvents, (x, y, z) => {
          const [a, b, c] = [fold(x), fold(y), fold(z)];
          const before = [a, b, c].map(contentOf);
          expect(contentOf(merge(merge(a, b), c))).toEqual(contentOf(merge(a, merge(b, c))));
          expect(contentOf(merge(a, b))).toEqual(contentOf(merge(b, a)));
          expect(contentOf(merge(a, new Map()))).toEqual(contentOf(a));
          expect([a, b, c].map(contentOf)).toEqual(before);
        }),
      );
    });

    it('adds states with the zero states neutral', () => {
      fc.assert(
        fc.property(someEvents, (events) => {
          for (const { states } of fold(events).values()) {
            const sum = zeroStates(metric);
            addStates(sum, states);
            expect(sum.map(stateOf)).toEqual(states.map(stateOf));
            addStates(sum, zeroStates(metric));
            expect(sum.map(stateOf)).toEqual(states.map(stateOf));
          }
        }),
      );
    });

    it('folds two sets of cells in turn as it folds them one after the other', () => {
      fc.assert(
        fc.property(someEvents, (events) => {
          const apply = foldOf(metric);
          const [odd, even]: [Cells, Cells] = [new Map(), new Map()];
          events.forEach((event, index) => {
            apply(index % 2 ? odd : even, event);
          });
          expect(contentOf(odd)).toEqual(contentOf(fold(events.filter((_, index) => index % 2 === 1))));
          expect(contentOf(merge(odd, even))).toEqual(contentOf(fold(events)));
        }),
      );
    });

    it('has in its cells what the oracle finds, by hour and by every dimension', () => {
      fc.assert(
        fc.property(someEvents, (events) => {
          const rows = answerByOracle(metric, events, { granularity: 'hour', groupBy: metric.dimensions });
          expect(new Map(contentOf(fold(events)).map(([key, states]) => [key, states.map(valueOfState)]))).toEqual(
            new Map(rows.map((row) => [keyOf(metric, row), measuresOf(metric, row)])),
          );
        }),
      );
    });

    it('conserves by day, by group and in total what the oracle adds up by hour', () => {
      fc.assert(
        fc.property(someEvents, (events) => {
          const [all] = answerByOracle(metric, events);
          for (const query of [
            { granularity: 'hour' },
            { granularity: 'day' },
            { groupBy: metric.dimensions },
          ] as const) {
            const rows = answerByOracle(metric, events, query);
            for (const [name, { kind }] of Object.entries(metric.measures)) {
              const total = rows.reduce((sum, { values }) => sum + (values[name] ?? 0n), 0n);
              if (kind === 'distinct') expect(total).toBeGreaterThanOrEqual(all?.values[name] ?? 0n);
              else expect(total).toBe(all?.values[name]);
            }
            expect(
              rows.every(
                ({ bucket }) => bucket === null || bucket % (query === undefined ? MS_PER_DAY : MS_PER_HOUR) === 0,
              ),
            ).toBe(true);
          }
        }),
      );
    });
  });
}

/** Cells by key, in key order, each state in a form that can be compared. */
function contentOf(cells: Cells): readonly [string, readonly (string | readonly number[])[]][] {
  return [...cells.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { hour, dimensions, states }]) => [JSON.stringify([hour, ...dimensions]), states.map(stateOf)]);
}

function stateOf(state: MeasureState): string | readonly number[] {
  return state instanceof DistinctSketch ? state.smallest() : String(state);
}

function valueOfState(state: string | readonly number[]): bigint {
  return typeof state === 'string' ? BigInt(state) : BigInt(state.length);
}

function keyOf(metric: Metric, { bucket, group }: OracleRow): string {
  return JSON.stringify([(bucket ?? 0) / MS_PER_HOUR, ...metric.dimensions.map((dimension) => group[dimension])]);
}

function measuresOf(metric: Metric, { values }: OracleRow): readonly (bigint | null | undefined)[] {
  return Object.keys(metric.measures).map((name) => values[name]);
}
