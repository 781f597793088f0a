import { describe, expect, it } from '@jest/globals';
import { loadMetrics } from '@tandem/shared';
import type { Cells } from '@tandem/shared/metrics/cell';
import { foldOf } from '@tandem/shared/metrics/fold';
import { checkTotals, pickTotals, totalsOf } from './totals.js';

describe('totalsOf', () => {
  it('adds every measure over the cells of all partitions, and counts the cells', async () => {
    const metrics = await loadMetrics();
    const order = {
      type: 'order_placed' as const,
      event_id: 'e-1',
      occurred_at: 0,
      order_id: 'o-1',
      customer_id: null,
      category: 'books',
      amount: 125_000,
      country: 'Spain',
    };
    const segment = () => {
      const cells = new Map<string, Cells>(metrics.map(({ name }) => [name, new Map()]));
      for (const metric of metrics) foldOf(metric)(cells.get(metric.name) as Cells, order);
      return { start: 0, tally: { read: 5, folded: 1, unchecked: 0, duplicate: 2, invalid: 0, barriers: 2 }, cells };
    };
    const partitions = [0, 1].map(() => ({ from: 0, applied: 3, segments: [segment()], cold: null }));
    expect(totalsOf({ version: 1, partitions }, metrics)).toMatchObject({
      read: 6,
      folded: 2,
      duplicate: 4,
      cells: 2,
      'revenue.gross': 250_000,
      'revenue.line_items': 2,
      'revenue.orders': 2,
      'revenue.customers': 0,
      'tickets.opened': 0,
    });
  });
});

describe('checkTotals', () => {
  it('says nothing about equal totals', () => {
    expect(() => checkTotals('the peer', { read: 2, cells: 1 }, { cells: 1, read: 2 })).not.toThrow();
  });

  it('names who differs, and every total in which', () => {
    expect(() => checkTotals('the peer', { read: 2, cells: 1 }, { read: 3, cells: 1, folded: 1 })).toThrow(
      'the peer did other work than the rest: read: found 2, expected 3; folded: found undefined, expected 1',
    );
  });
});

describe('pickTotals', () => {
  it('leaves out the rest, and takes one that is missing for a difference', () => {
    const picked = pickTotals({ read: 2, cells: 1 }, ['cells', 'folded']);
    expect(picked).toEqual({ cells: 1, folded: Number.NaN });
    expect(() => checkTotals('the peer', { cells: 1, folded: 0 }, picked)).toThrow('folded');
  });
});
