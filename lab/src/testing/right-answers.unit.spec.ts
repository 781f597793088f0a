import { describe, expect, it } from '@jest/globals';
import { type Event, loadMetrics, type Metric } from '@tandem/shared';
import { differences } from './right-answers.js';

const EVENTS = 200;
const order = (number: number): Event => ({
  type: 'order_placed',
  event_id: `e-${number}`,
  occurred_at: Date.UTC(2026, 0, 31),
  order_id: `o-${number}`,
  customer_id: `c-${number}`,
  category: 'books',
  amount: 10_000,
  country: 'DE',
});
const RIGHT = {
  gross: 200,
  refunds: 0,
  line_items: 200,
  orders: 200,
  customers: 200,
  revenue: 200,
  average_order_value: 1,
};

describe('an answer in which every number has no bound', () => {
  const unbounded = Object.fromEntries(Object.keys(RIGHT).map((name) => [name, null]));

  it.each([
    ['is right when all is right', {}, []],
    ['may be off in what is counted by a sketch', { orders: 202, average_order_value: 0.9901 }, []],
    ['is wrong when a sketch is off by more than it may be', { customers: 230 }, ['customers']],
    ['is wrong when a sum is off at all', { gross: 200.0001 }, ['gross']],
    ['is wrong when a count is off at all', { line_items: 201 }, ['line_items']],
    ['is wrong when what is made of sums is off at all', { revenue: 199 }, ['revenue']],
  ])('%s', async (_, changed, wrong) => {
    const revenue = (await loadMetrics()).find(({ name }) => name === 'revenue') as Metric;
    const events = Array.from({ length: EVENTS }, (_one, number) => order(number));
    const found = differences('here', revenue, events, {}, { ...RIGHT, ...changed }, unbounded);
    expect(found.map((text) => /found (\w+)/.exec(text)?.[1])).toEqual(wrong);
  });
});
