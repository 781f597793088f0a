import { describe, expect, it } from '@jest/globals';
import { count, defineMetric, definitionHash, type Metric } from '@tandem/shared';
import { liesBelow, planDays } from './plan.js';
import type { CatalogFile } from './ports/catalog.js';

const METRIC: Metric = defineMetric({
  name: 'orders',
  description: '',
  dimensions: [],
  measures: { n: count(['order_placed']) },
  derived: {},
});
const BASE = { id: 7, boundary: [10, 20], definitions: { orders: definitionHash(METRIC) } };

function file(day: string, first: readonly number[], last: readonly number[], rowCount = 10): CatalogFile {
  const path = `events/day=${day}/${first.join('-')}.parquet`;
  return { path, day, rowCount, byteCount: 1, sha256: '', firstOffsets: first, lastOffsets: last };
}

const OLD = file('2026-01-01', [0, 0], [10, 20]);
const OLD_NEXT_DAY = file('2026-01-02', [3, 0], [4, 0]);
const NEW = file('2026-01-02', [11, 0], [15, 0]);

const plan = (files: readonly CatalogFile[], given = {}) =>
  planDays(files, { ...BASE, ...given }, 'incremental', [METRIC], 1_000);

describe('planning a run', () => {
  it('takes a day as dirty when it has events at or above the base’s boundary, with all its files', () => {
    const { days, chunks, baseFiles, isFull } = plan([OLD, OLD_NEXT_DAY, NEW]);
    expect(days).toEqual(['2026-01-02']);
    expect(chunks).toEqual([[OLD_NEXT_DAY, NEW]]);
    expect(baseFiles).toEqual([OLD, OLD_NEXT_DAY]);
    expect(isFull).toBe(false);
  });

  it('takes an event right at the boundary as new: the boundary is exclusive', () => {
    expect(plan([file('2026-01-05', [10, 0], [11, 0])]).days).toEqual(['2026-01-05']);
    expect(plan([file('2026-01-05', [9, 0], [10, 0])]).days).toEqual([]);
  });

  it.each([
    ['the base is the empty run', { definitions: null }],
    ['a definition has changed', { definitions: { orders: '00000000' } }],
    ['a metric is new', { definitions: {} }],
    ['a metric is gone', { definitions: { ...BASE.definitions, more: '00000000' } }],
  ])('recomputes everything when %s', (_, given) => {
    const { isFull, days, baseFiles, baseBoundary } = plan([OLD, NEW], given);
    expect(isFull).toBe(true);
    expect(days).toEqual(['2026-01-01', '2026-01-02']);
    expect(baseFiles).toEqual([]);
    expect(baseBoundary).toEqual([0, 0]);
  });

  it('recomputes everything when a full run was asked for', () => {
    expect(planDays([OLD, NEW], BASE, 'full', [METRIC], 1_000).days).toEqual(['2026-01-01', '2026-01-02']);
  });

  it('puts days together up to the limit of rows, and a larger day alone', () => {
    const files = [5, 5, 30, 5, 6].map((rows, index) =>
      file(`2026-01-0${index + 1}`, [10 + index, 0], [11 + index, 0], rows),
    );
    const { chunks } = planDays(files, BASE, 'full', [METRIC], 10);
    expect(chunks.map((chunk) => chunk.map(({ rowCount }) => rowCount))).toEqual([[5, 5], [30], [5], [6]]);
  });

  it('refuses a file that lies on both sides of a boundary', () => {
    expect(() => liesBelow(file('2026-01-01', [5, 0], [12, 0]), [10, 20])).toThrow(/both sides|one side/);
    expect(() => liesBelow(file('2026-01-01', [5, 25], [6, 26]), [10, 20])).toThrow(/2026-01-01/);
  });
});
