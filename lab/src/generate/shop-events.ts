import { type EventInput, toInstantText } from '@tandem/shared';
import { CATEGORIES, COUNTRIES, CUSTOMERS, customerId, PRODUCTS_PER_CATEGORY, WEIGHTS_TOTAL } from './catalogue.js';
import { eventIds } from './event-ids.js';
import { HelpDesk } from './help-desk.js';
import { Random } from './random.js';

export type ShopOptions = {
  /** Any safe integer. Orders and tickets of two seeds have different ids. */
  readonly seed: number;
  /** Event time of the next event, in milliseconds; called once for each order, refund or ticket. Must not go back. */
  readonly nextTimeMs: (eventsSoFar: number) => number;
};

/** An order line as it was placed: what a refund gives back. */
type Line = Extract<EventInput, { type: 'order_placed' }>;
type Buyer = Pick<Line, 'customer_id' | 'country'>;

const ORDER_SHARE = 0.55;
const REFUND_SHARE = 0.05;
const UNKNOWN_CUSTOMER_SHARE = 0.05;
const MAX_LINES = 8;
const ANOTHER_LINE_CHANCE = 0.6;
const MAX_QUANTITY = 4;
/** Lines that may still be refunded; of more, some are forgotten. */
const MAX_REFUNDABLE = 4_096;

/**
 * Everything that happens in an invented shop and its help desk, without end and in order of event time. The same
 * seed and times give the same events. Lines of one order follow each other. Memory does not grow.
 */
export function* shopEvents({ seed, nextTimeMs }: ShopOptions): Generator<EventInput, never> {
  const random = new Random(seed, 'shop');
  const nextId = eventIds(new Random(seed, 'ids'));
  const tag = seed.toString(36);
  const desk = new HelpDesk(random, tag);
  const refundable: Line[] = [];
  let orders = 0;
  let events = 0;
  while (true) {
    const occurredAt = toInstantText(nextTimeMs(events));
    const what = random.fraction();
    if (what < ORDER_SHARE) {
      const lines = placeOrder(random, `o-${tag}-${++orders}`, occurredAt, nextId);
      for (const line of lines) {
        remember(refundable, line, random);
        events++;
        yield line;
      }
      continue;
    }
    const refunded = what < ORDER_SHARE + REFUND_SHARE ? takeOne(refundable, random) : undefined;
    events++;
    yield refunded
      ? { ...refunded, type: 'order_refunded', event_id: nextId(), occurred_at: occurredAt }
      : desk.next(nextId(), occurredAt);
  }
}

function placeOrder(random: Random, orderId: string, occurredAt: string, nextId: () => string): readonly Line[] {
  const buyer = someBuyer(random);
  const lines: Line[] = [];
  do lines.push(orderLine(random, orderId, occurredAt, nextId(), buyer));
  while (lines.length < MAX_LINES && random.chance(ANOTHER_LINE_CHANCE));
  return lines;
}

/** A few customers buy much and many little. A customer's country is always the same. */
function someBuyer(random: Random): Buyer {
  const customer = Math.floor(CUSTOMERS * random.fraction() ** 2);
  const country = new Random(customer, 'country').weighted(COUNTRIES, WEIGHTS_TOTAL).name;
  return { customer_id: random.chance(UNKNOWN_CUSTOMER_SHARE) ? null : customerId(customer), country };
}

function orderLine(random: Random, orderId: string, occurredAt: string, eventId: string, buyer: Buyer): Line {
  const category = random.weighted(CATEGORIES, WEIGHTS_TOTAL);
  const product = random.below(PRODUCTS_PER_CATEGORY);
  const quantity = 1 + random.below(MAX_QUANTITY);
  // Products of a category cost from 0.5 to 1.5 times its typical price; whole cents, so that no sum is a float's.
  const cents = quantity * Math.round(category.typicalCents * (0.5 + product / PRODUCTS_PER_CATEGORY));
  return {
    type: 'order_placed',
    event_id: eventId,
    occurred_at: occurredAt,
    order_id: orderId,
    customer_id: buyer.customer_id,
    category: category.name,
    amount: cents / 100,
    country: buyer.country,
    sku: `${category.name}-${product}`,
    quantity,
  };
}

function remember(refundable: Line[], line: Line, random: Random): void {
  if (refundable.length < MAX_REFUNDABLE) refundable.push(line);
  else refundable[random.below(MAX_REFUNDABLE)] = line;
}

/** Takes one out; the last one fills its place. */
function takeOne(refundable: Line[], random: Random): Line | undefined {
  const index = random.below(refundable.length);
  const [taken, last] = [refundable[index], refundable.pop()];
  if (last !== undefined && index < refundable.length) refundable[index] = last;
  return taken;
}
