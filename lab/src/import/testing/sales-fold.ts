import type { EventInput } from '@tandem/shared';

export type OrderEvent = Extract<EventInput, { order_id: string }>;

/** Money in ten-thousandths, as text. */
export type SalesGroup = {
  readonly gross: string;
  readonly refunds: string;
  readonly orders: number;
  readonly sale_lines: number;
  readonly refund_lines: number;
  readonly customers: number;
};

export const GROUPINGS = {
  total: () => 'all',
  by_country: ({ country }: OrderEvent) => country,
  by_month: ({ occurred_at }: OrderEvent) => occurred_at.slice(0, 7),
  by_day: ({ occurred_at }: OrderEvent) => occurred_at.slice(0, 10),
  by_category: ({ category }: OrderEvent) => category,
  by_category_month: ({ category, occurred_at }: OrderEvent) => `${category}|${occurred_at.slice(0, 7)}`,
};
export type Grouping = keyof typeof GROUPINGS;
export type SalesByGroup = Readonly<Record<Grouping, Readonly<Record<string, SalesGroup>>>>;

/** The numbers of each grouping: a plain fold with big integers, without Tandem's own metrics. Copies count once. */
export function foldSales(events: readonly OrderEvent[]): SalesByGroup {
  const distinctEvents = withoutCopies(events);
  const groupings = Object.entries(GROUPINGS).map(([name, keyOf]) => [name, fold(distinctEvents, keyOf)]);
  return Object.fromEntries(groupings) as SalesByGroup;
}

function withoutCopies(events: readonly OrderEvent[]): readonly OrderEvent[] {
  return [...new Map(events.map((event) => [`${event.event_id} ${event.occurred_at}`, event])).values()];
}

function fold(events: readonly OrderEvent[], keyOf: (event: OrderEvent) => string): Record<string, SalesGroup> {
  const groups: Record<string, ReturnType<typeof emptyGroup>> = {};
  for (const event of events) {
    const key = keyOf(event);
    groups[key] ??= emptyGroup();
    const group = groups[key];
    const amount = inTenThousandths(String(event.amount));
    if (event.customer_id !== null) group.customers.add(event.customer_id);
    if (event.type === 'order_refunded') {
      group.refunds += amount;
      group.refund_lines++;
    } else {
      group.gross += amount;
      group.sale_lines++;
      group.orders.add(event.order_id);
    }
  }
  const entries = Object.entries(groups).map(([key, group]) => {
    const money = { gross: String(group.gross), refunds: String(group.refunds) };
    return [key, { ...group, ...money, orders: group.orders.size, customers: group.customers.size }] as const;
  });
  return Object.fromEntries(entries);
}

function emptyGroup() {
  return {
    gross: 0n,
    refunds: 0n,
    orders: new Set<string>(),
    sale_lines: 0,
    refund_lines: 0,
    customers: new Set<string>(),
  };
}

/** "12.345" → 123450. */
export function inTenThousandths(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(`${whole}${fraction.padEnd(4, '0')}`);
}
