import { describe, expect, it } from '@jest/globals';
import { type EventInput, validateEvent } from '@tandem/shared';
import { MAX_DELAY_EVENTS } from './disorder.js';
import { eventLine } from './event-line.js';
import { ExpectedTotals } from './expected-totals.js';
import { DEFAULT_DAYS, DEFAULT_START_MS, type GenerateOptions, generateEvents } from './generate-events.js';

const OPTIONS = { events: 20_000, seed: 42, duplicates: 0.05, late: 0.1 };
const linesOf = (options: GenerateOptions) => [...generateEvents(options)].map(eventLine);
const withoutCopies = (events: readonly EventInput[]) => [
  ...new Map(events.map((event) => [event.event_id, event])).values(),
];
const timeOf = ({ occurred_at }: EventInput) => Date.parse(occurred_at);

describe('generated events', () => {
  const events = [...generateEvents(OPTIONS)];
  const inOrder = [...generateEvents({ events: OPTIONS.events, seed: OPTIONS.seed })];

  it('are the same for the same seed, and others for another', () => {
    expect(linesOf(OPTIONS)).toEqual(events.map(eventLine));
    const ids = new Set(events.map(({ event_id }) => event_id));
    const others = [...generateEvents({ ...OPTIONS, seed: 43 })];
    expect(others.filter(({ event_id }) => ids.has(event_id))).toEqual([]);
  });

  it('are all valid, and written as JSON would write them', () => {
    for (const event of events) {
      expect(validateEvent(JSON.parse(eventLine(event)))).toHaveProperty('event');
      if (eventLine(event) !== JSON.stringify(event)) expect(JSON.parse(eventLine(event))).toEqual(event);
    }
  });

  it('are as many different ones as asked for, whatever comes twice or late', () => {
    expect(withoutCopies(events)).toHaveLength(OPTIONS.events);
    const byId = (a: EventInput, b: EventInput) => (a.event_id < b.event_id ? -1 : 1);
    expect(withoutCopies(events).sort(byId)).toEqual(inOrder.toSorted(byId));
  });

  it('come twice as often as asked for, as exact copies and later', () => {
    const copies = events.length - OPTIONS.events;
    expect(copies / OPTIONS.events).toBeCloseTo(OPTIONS.duplicates, 2);
    const texts = new Map(events.map((event) => [event.event_id, eventLine(event)]));
    expect(events.every((event) => texts.get(event.event_id) === eventLine(event))).toBe(true);
  });

  it('come late as often as asked for, within the bound', () => {
    const late = [...generateEvents({ ...OPTIONS, duplicates: 0 })];
    const place = new Map(inOrder.map(({ event_id }, index) => [event_id, index]));
    const delays = late.map(({ event_id }, index) => index - (place.get(event_id) ?? 0));
    const held = delays.filter((delay) => delay > MAX_DELAY_EVENTS * OPTIONS.late).length;
    expect(held / OPTIONS.events).toBeGreaterThan(OPTIONS.late * 0.7);
    expect(Math.max(...delays)).toBeLessThanOrEqual(MAX_DELAY_EVENTS);
  });

  it('without disorder come in order of event time, within the days asked for', () => {
    const times = inOrder.map(timeOf);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBe(DEFAULT_START_MS);
    expect(times.at(-1)).toBeLessThan(DEFAULT_START_MS + DEFAULT_DAYS * 86_400_000);
    expect(times.at(-1)).toBeGreaterThan(DEFAULT_START_MS + (DEFAULT_DAYS - 1) * 86_400_000);
  });

  it('refund only lines that were placed, in full, and once', () => {
    const placed = new Map<string, number>();
    const keyOf = (event: EventInput) => ('sku' in event ? `${event.order_id} ${event.sku} ${event.amount}` : '');
    for (const event of inOrder) {
      const left = placed.get(keyOf(event)) ?? 0;
      if (event.type === 'order_placed') placed.set(keyOf(event), left + 1);
      if (event.type !== 'order_refunded') continue;
      expect(left).toBeGreaterThan(0);
      placed.set(keyOf(event), left - 1);
    }
    expect(inOrder.filter(({ type }) => type === 'order_refunded').length).toBeGreaterThan(100);
  });

  it('close and change only tickets that are open, naming the priority they have', () => {
    const priorities = new Map<string, string>();
    for (const event of inOrder) {
      if (!('ticket_id' in event)) continue;
      const before = event.type === 'ticket_priority_changed' ? event.previous_priority : event.priority;
      expect(priorities.get(event.ticket_id)).toBe(event.type === 'ticket_opened' ? undefined : before);
      if (event.type === 'ticket_closed') priorities.set(event.ticket_id, 'closed');
      else priorities.set(event.ticket_id, event.priority);
    }
    expect(priorities.size).toBeGreaterThan(100);
  });

  it('are none when none are asked for', () => {
    expect([...generateEvents({ events: 0, seed: 1 })]).toEqual([]);
  });
});

describe('the totals a right system must show', () => {
  it('are those of the delivered events, each counted once', () => {
    const totals = new ExpectedTotals();
    const events = withoutCopies([...generateEvents({ ...OPTIONS, onEvent: (event) => totals.add(event) })]);
    expect(JSON.parse(JSON.stringify(totals))).toEqual({
      revenue: {
        all: salesOf(events),
        by_category: grouped(events, (event) => ('category' in event ? [event.category] : []), salesOf),
      },
      tickets: {
        all: ticketsOf(events),
        by_priority: Object.fromEntries(
          ['high', 'low', 'normal', 'urgent'].map((priority) => [priority, ticketsOf(events, priority)]),
        ),
      },
    });
  });
});

function grouped<Result>(
  events: readonly EventInput[],
  keysOf: (event: EventInput) => readonly string[],
  fold: (events: readonly EventInput[]) => Result,
): Record<string, Result> {
  const keys = [...new Set(events.flatMap(keysOf))].sort();
  return Object.fromEntries(keys.map((key) => [key, fold(events.filter((event) => keysOf(event).includes(key)))]));
}

/** By sets of everything, in cents as big integers: another way than the one under test. */
function salesOf(events: readonly EventInput[]) {
  const orders = events.filter((event) => 'order_id' in event);
  const cents = (type: string) =>
    orders.filter((event) => event.type === type).reduce((sum, { amount }) => sum + centsOf(amount), 0n);
  const placed = orders.filter(({ type }) => type === 'order_placed');
  const customers = orders.map(({ customer_id }) => customer_id).filter((customer) => customer !== null);
  return {
    gross: Number(cents('order_placed')) / 100,
    refunds: Number(cents('order_refunded')) / 100,
    revenue: Number(cents('order_placed') - cents('order_refunded')) / 100,
    line_items: placed.length,
    orders: new Set(placed.map(({ order_id }) => order_id)).size,
    customers: new Set(customers).size,
  };
}

function centsOf(amount: string | number): bigint {
  const [whole = '', fraction = ''] = String(amount).split('.');
  return BigInt(whole + fraction.padEnd(2, '0'));
}

function ticketsOf(events: readonly EventInput[], priority?: string) {
  const tickets = events.filter((event) => 'ticket_id' in event);
  const isIn = (value: string) => priority === undefined || value === priority;
  const opened = tickets.filter((event) => event.type === 'ticket_opened' && isIn(event.priority)).length;
  const closed = tickets.filter((event) => event.type === 'ticket_closed' && isIn(event.priority)).length;
  const changes = tickets.filter((event) => event.type === 'ticket_priority_changed');
  const movedIn = changes.filter((event) => isIn(event.priority)).length;
  const movedOut = changes.filter((event) => isIn(event.previous_priority)).length;
  return { opened, closed, open: opened - closed + movedIn - movedOut };
}
