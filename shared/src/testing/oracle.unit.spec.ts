import { describe, expect, it } from '@jest/globals';
import revenue from '../metrics/revenue.metric.js';
import tickets from '../metrics/tickets.metric.js';
import { answerByOracle, readByOracle } from './oracle.js';

const order = (changes: object) => ({
  type: 'order_placed',
  event_id: 'e-1',
  occurred_at: '2026-01-31T08:15:00Z',
  order_id: 'o-1',
  customer_id: 'c-1',
  category: 'books',
  amount: '10.50',
  country: 'DE',
  ...changes,
});

const log = [
  order({}),
  order({ event_id: 'e-2', category: 'toys', amount: 2.25 }),
  order({ event_id: 'e-3', order_id: 'o-2', customer_id: null, occurred_at: '2026-02-01T00:00:00Z', amount: 100 }),
  order({ event_id: 'e-4', type: 'order_refunded', customer_id: 'c-2', amount: 0.0001 }),
  order({ event_id: 'e-2', category: 'toys', amount: 99 }),
  order({}),
  order({ amount: -1 }),
].map((value, offset) => ({ partition: 1, offset, value: Buffer.from(JSON.stringify(value)) }));

const rows = (query: Parameters<typeof answerByOracle>[2]) => answerByOracle(revenue, readByOracle(log).events, query);

describe('the oracle', () => {
  it('counts the copy at the lowest partition and offset, in whatever order it is given the records', () => {
    const elsewhere = { partition: 0, offset: 9, value: Buffer.from(JSON.stringify(order({ amount: 7 }))) };
    const barrier = { partition: 1, offset: 7, value: null, barrier: 'run-1' };
    const { events, ...counts } = readByOracle([barrier, ...[...log].reverse(), elsewhere]);
    expect(counts).toEqual({ read: 9, duplicates: 3, conflicts: 3, invalid: 1, barriers: 1 });
    expect(events.map((event) => 'amount' in event && event.amount)).toEqual([70_000, 22_500, 1_000_000, 1]);
  });

  it('adds up what can be added up by hand', () => {
    expect(rows({})).toEqual([
      {
        bucket: null,
        group: {},
        values: {
          gross: 1_127_500n,
          refunds: 1n,
          line_items: 3n,
          orders: 2n,
          customers: 2n,
          revenue: 1_127_499n,
          average_order_value: 563_750n,
        },
      },
    ]);
  });

  it('filters by dimension and by time, inclusive below and exclusive above', () => {
    const midnight = Date.UTC(2026, 1, 1);
    expect(rows({ where: { category: 'toys' } })[0]?.values['gross']).toBe(22_500n);
    expect(rows({ from: midnight })[0]?.values['gross']).toBe(1_000_000n);
    expect(rows({ to: midnight })[0]?.values['gross']).toBe(127_500n);
    expect(rows({ where: { category: 'none' } })[0]?.values).toMatchObject({ gross: 0n, average_order_value: null });
  });

  it('groups by dimension and by day', () => {
    const found = rows({ groupBy: ['category'], granularity: 'day' });
    expect(found.map(({ bucket, group, values }) => [bucket, group['category'], values['line_items']])).toEqual([
      [Date.UTC(2026, 0, 31), 'books', 1n],
      [Date.UTC(2026, 0, 31), 'toys', 1n],
      [Date.UTC(2026, 1, 1), 'books', 1n],
    ]);
  });

  it('moves a ticket from one priority to the other when it changes', () => {
    const ticket = { event_id: 't', occurred_at: '2026-01-31T08:15:00Z', ticket_id: 't-1', customer_id: null };
    const change = { ...ticket, type: 'ticket_priority_changed', priority: 'high', previous_priority: 'low' };
    const values = [
      { ...ticket, type: 'ticket_opened', priority: 'low' },
      { ...change, event_id: 'u' },
    ];
    const { events } = readByOracle(
      values.map((value, offset) => ({ partition: 0, offset, value: Buffer.from(JSON.stringify(value)) })),
    );
    const open = answerByOracle(tickets, events, { groupBy: ['priority'] });
    expect(open.map(({ group, values: found }) => [group['priority'], found['open']])).toEqual([
      ['high', 1n],
      ['low', 0n],
    ]);
  });
});
