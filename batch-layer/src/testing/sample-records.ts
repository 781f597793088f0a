import { type EventInput, toInstantText } from '@tandem/shared';
import { type ArbitraryRecord, toBytes } from '@tandem/shared/testing/arbitraries';

const FIRST_DAY_MS = Date.UTC(2026, 2, 1);
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const CATEGORIES = ['books', 'toys', 'garden'];

/** A shop's order line: the n-th one, on a day of March 2026 (0 is the first). */
export function orderLine(n: number, day: number, given: Partial<EventInput> = {}): EventInput {
  return {
    type: 'order_placed',
    event_id: `event-${n}`,
    occurred_at: toInstantText(FIRST_DAY_MS + day * DAY_MS + (n % 24) * HOUR_MS),
    order_id: `order-${Math.floor(n / 2)}`,
    customer_id: n % 7 === 0 ? null : `customer-${n % 11}`,
    category: CATEGORIES[n % CATEGORIES.length] ?? '',
    amount: (n % 100) + 0.25,
    country: n % 2 === 0 ? 'DE' : 'FR',
    ...given,
  } as EventInput;
}

/** `howMany` order lines over `days` days and all partitions, beginning with the n-th. */
export function orderLines(
  howMany: number,
  options: { readonly from?: number; readonly days?: number; readonly partitions: number },
): readonly ArbitraryRecord[] {
  const { from = 0, days = 3, partitions } = options;
  return Array.from({ length: howMany }, (_, index) => {
    const n = from + index;
    // Not in step with the days: every partition holds events of every day.
    return { partition: (n + Math.floor(n / days)) % partitions, value: toBytes(orderLine(n, n % days)) };
  });
}

export function record(partition: number, event: EventInput): ArbitraryRecord {
  return { partition, value: toBytes(event) };
}
