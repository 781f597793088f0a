import fc from 'fast-check';
import type { EventInput } from '../events/event.js';
import { toInstantText } from '../events/instant.js';
import { MAX_AMOUNT, toDecimalText } from '../events/money.js';

/** Small pools, so that events meet in cells, orders and customers. */
const CATEGORIES = ['books', 'toys', 'Überraschung 🎁', '__proto__'];
const COUNTRIES = ['DE', 'FR', 'NL'];
const PRIORITIES = ['1 - Critical', '2 - High', '3 - Moderate'];
const START_MS = Date.UTC(2026, 0, 30);
const SPAN_HOURS = 24 * 4;

const idOf = (prefix: string, count: number) => fc.nat(count - 1).map((number) => `${prefix}-${number}`);

/** Mostly within four days of each other; now and then a year early or late. */
const occurredAt = fc
  .tuple(
    fc.nat(SPAN_HOURS - 1),
    fc.nat(3_599_999),
    fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constantFrom(-365, 365) }),
  )
  .map(([hours, ms, days]) => toInstantText(START_MS + hours * 3_600_000 + ms + days * 86_400_000));

const amount = fc.oneof(
  fc.nat(9_999).map((cents) => cents / 100),
  fc.integer({ min: 0, max: MAX_AMOUNT * 10_000 }).map((tenThousandths) => toDecimalText(tenThousandths)),
);

const eventId = fc.oneof(idOf('e', 1_000_000), fc.uuid());
const customerId = fc.option(idOf('c', 12), { nil: null });

const orderLine = (type: 'order_placed' | 'order_refunded'): fc.Arbitrary<EventInput> =>
  fc.record(
    {
      type: fc.constant(type),
      event_id: eventId,
      occurred_at: occurredAt,
      order_id: idOf('o', 20),
      customer_id: customerId,
      category: fc.constantFrom(...CATEGORIES),
      amount,
      country: fc.constantFrom(...COUNTRIES),
      sku: idOf('sku', 5),
      quantity: fc.nat(50),
    },
    {
      requiredKeys: ['type', 'event_id', 'occurred_at', 'order_id', 'customer_id', 'category', 'amount', 'country'],
    },
  ) as fc.Arbitrary<EventInput>;

const ticket = (type: 'ticket_opened' | 'ticket_closed'): fc.Arbitrary<EventInput> =>
  fc.record({
    type: fc.constant(type),
    event_id: eventId,
    occurred_at: occurredAt,
    ticket_id: idOf('t', 20),
    customer_id: customerId,
    priority: fc.constantFrom(...PRIORITIES),
  });

const priorityChange: fc.Arbitrary<EventInput> = fc.record({
  type: fc.constant('ticket_priority_changed' as const),
  event_id: eventId,
  occurred_at: occurredAt,
  ticket_id: idOf('t', 20),
  customer_id: customerId,
  priority: fc.constantFrom(...PRIORITIES),
  previous_priority: fc.constantFrom(...PRIORITIES),
});

/** Any valid event, as a producer writes it. */
export const anEvent: fc.Arbitrary<EventInput> = fc.oneof(
  { weight: 4, arbitrary: orderLine('order_placed') },
  { weight: 2, arbitrary: orderLine('order_refunded') },
  { weight: 2, arbitrary: ticket('ticket_opened') },
  { weight: 1, arbitrary: ticket('ticket_closed') },
  { weight: 1, arbitrary: priorityChange },
);

/** Values of records that are no events. */
export const anInvalidValue: fc.Arbitrary<Buffer | null> = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from([0xff, ...bytes])),
  fc
    .constantFrom('', '{', '[]', 'null', '"text"', '{"type":"order_lost"}', '{"__proto__":{"type":"order_placed"}}')
    .map(Buffer.from),
  anEvent.map((event) => toBytes({ ...event, occurred_at: '2019-11-31T00:00:00Z' })),
  anEvent.map((event) => Buffer.from(JSON.stringify({ ...event, unknown_key: 1 }))),
);

export function toBytes(event: EventInput): Buffer {
  return Buffer.from(JSON.stringify(event));
}

/** A record as it lies in a log: its partition and its bytes. Its offset is its place among those of its partition. */
export type ArbitraryRecord = { readonly partition: number; readonly value: Buffer | null };

type Entry =
  | { readonly kind: 'event'; readonly partition: number; readonly event: EventInput }
  | { readonly kind: 'copy' | 'conflict'; readonly partition: number | null; readonly of: number }
  | { readonly kind: 'invalid'; readonly partition: number; readonly value: Buffer | null };

/**
 * Records of a log: events, exact copies and conflicting copies of earlier ones (in the same partition or another),
 * late events, and records that are no events.
 */
export function aLog(partitions: number, maxRecords = 60): fc.Arbitrary<readonly ArbitraryRecord[]> {
  const partition = fc.nat(partitions - 1);
  const event = fc.record({ kind: fc.constant('event' as const), partition, event: anEvent });
  const copy = fc.record({
    kind: fc.constantFrom('copy' as const, 'copy' as const, 'conflict' as const),
    partition: fc.option(partition, { freq: 3 }),
    of: fc.nat(1_000),
  });
  const invalid = fc.record({ kind: fc.constant('invalid' as const), partition, value: anInvalidValue });
  const entry: fc.Arbitrary<Entry> = fc.oneof(
    { weight: 7, arbitrary: event },
    { weight: 3, arbitrary: copy },
    { weight: 1, arbitrary: invalid },
  );
  return fc.array(entry, { maxLength: maxRecords }).map(recordsOf);
}

function recordsOf(entries: readonly Entry[]): readonly ArbitraryRecord[] {
  const events: { readonly partition: number; readonly event: EventInput }[] = [];
  return entries.flatMap((entry) => {
    if (entry.kind === 'invalid') return [{ partition: entry.partition, value: entry.value }];
    if (entry.kind === 'event') {
      events.push(entry);
      return [{ partition: entry.partition, value: toBytes(entry.event) }];
    }
    const original = events[entry.of % Math.max(1, events.length)];
    if (!original) return [];
    const event = entry.kind === 'copy' ? original.event : conflicting(original.event);
    return [{ partition: entry.partition ?? original.partition, value: toBytes(event) }];
  });
}

/** The same identity, but another fact. */
function conflicting(event: EventInput): EventInput {
  return 'amount' in event ? { ...event, amount: 123.4567 } : { ...event, priority: 'other' };
}

/** Gives each record its offset: its place among those of its partition, in the order given. */
export function positioned(
  records: readonly ArbitraryRecord[],
): readonly (ArbitraryRecord & { readonly offset: number })[] {
  const next = new Map<number, number>();
  return records.map((record) => {
    const offset = next.get(record.partition) ?? 0;
    next.set(record.partition, offset + 1);
    return { ...record, offset };
  });
}
