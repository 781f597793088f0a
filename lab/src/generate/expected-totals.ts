import type { EventInput } from '@tandem/shared';

type OrderEvent = Extract<EventInput, { order_id: string }>;
type TicketEvent = Extract<EventInput, { ticket_id: string }>;
type Sales = { grossCents: number; refundsCents: number; lineItems: number; orders: number; customers: Set<string> };
type Tickets = { opened: number; closed: number; open: number };

/**
 * What a right system must show for the generated events: counted with plain numbers and sets, sharing nothing with
 * the metrics. Money is in cents, of which sums stay exact up to 9 × 10^15. Wants each event once, and the lines of one
 * order together, as the shop makes them: so no set of all orders is needed.
 */
export class ExpectedTotals {
  readonly #all = noSales();
  readonly #byCategory = new Map<string, Sales>();
  readonly #tickets: Tickets = { opened: 0, closed: 0, open: 0 };
  readonly #byPriority = new Map<string, Tickets>();
  #order = '';
  readonly #orderCategories = new Set<string>();

  add(event: EventInput): void {
    if ('order_id' in event) this.#addOrder(event);
    else this.#addTicket(event);
  }

  /** Named and shaped like the API's answers, group by group; money as decimal numbers. */
  toJSON() {
    return {
      revenue: { all: salesToJson(this.#all), by_category: toRecord(this.#byCategory, salesToJson) },
      tickets: { all: this.#tickets, by_priority: toRecord(this.#byPriority, (tickets) => tickets) },
    };
  }

  #addOrder(event: OrderEvent): void {
    const group = entryOf(this.#byCategory, event.category, noSales);
    const cents = Math.round(Number(event.amount) * 100);
    for (const sales of [this.#all, group]) {
      if (event.customer_id !== null) sales.customers.add(event.customer_id);
      if (event.type === 'order_refunded') sales.refundsCents += cents;
      else {
        sales.grossCents += cents;
        sales.lineItems++;
      }
    }
    if (event.type === 'order_placed') this.#countOrder(event, group);
  }

  #countOrder({ order_id, category }: OrderEvent, group: Sales): void {
    if (order_id !== this.#order) {
      this.#order = order_id;
      this.#orderCategories.clear();
      this.#all.orders++;
    }
    if (!this.#orderCategories.has(category)) group.orders++;
    this.#orderCategories.add(category);
  }

  #addTicket(event: TicketEvent): void {
    const group = entryOf(this.#byPriority, event.priority, () => ({ opened: 0, closed: 0, open: 0 }));
    if (event.type === 'ticket_priority_changed') {
      group.open++;
      entryOf(this.#byPriority, event.previous_priority, () => ({ opened: 0, closed: 0, open: 0 })).open--;
      return;
    }
    const isOpening = event.type === 'ticket_opened';
    for (const tickets of [this.#tickets, group]) {
      tickets[isOpening ? 'opened' : 'closed']++;
      tickets.open += isOpening ? 1 : -1;
    }
  }
}

function noSales(): Sales {
  return { grossCents: 0, refundsCents: 0, lineItems: 0, orders: 0, customers: new Set() };
}

function salesToJson({ grossCents, refundsCents, lineItems, orders, customers }: Sales) {
  return {
    gross: grossCents / 100,
    refunds: refundsCents / 100,
    revenue: (grossCents - refundsCents) / 100,
    line_items: lineItems,
    orders,
    customers: customers.size,
  };
}

function entryOf<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

function toRecord<Value, Json>(map: ReadonlyMap<string, Value>, toJson: (value: Value) => Json): Record<string, Json> {
  const entries = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, toJson(value)]));
}
