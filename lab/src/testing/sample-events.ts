import type { EventInput } from '@tandem/shared';
import type { Random } from './random.js';

/** Events for tests: a few customers, countries and categories, so that they meet; some of them late. */

const SAMPLE_COUNTRIES = ['DE', 'FR', 'NL'];
const CATEGORIES = ['books', 'toys', 'garden'];
const PRIORITIES = ['1 - Critical', '2 - High', '3 - Moderate'];
export const SAMPLE_START_MS = Date.UTC(2026, 0, 10);
const SPAN_MS = 3 * 86_400_000;
const LATE_SHARE = 0.1;
const LATEST_BY_MS = 20 * 86_400_000;

/** The event with this number: `prefix` keeps the ids of two tests apart. Customers fall into every partition. */
export function sampleEvent(random: Random, prefix: string, number: number): EventInput {
  const identity = { event_id: `${prefix}-${number}`, occurred_at: occurredAt(random) };
  return random.next() < 0.8 ? orderLine(random, prefix, identity) : ticket(random, prefix, identity);
}

type Identity = { readonly event_id: string; readonly occurred_at: string };

function orderLine(random: Random, prefix: string, identity: Identity): EventInput {
  return {
    type: random.next() < 0.85 ? 'order_placed' : 'order_refunded',
    ...identity,
    order_id: `${prefix}-o${random.below(500)}`,
    customer_id: random.next() < 0.1 ? null : `c${random.below(200)}`,
    category: random.pick(CATEGORIES),
    amount: decimalText(random.below(1_000_000)),
    country: random.pick(SAMPLE_COUNTRIES),
  };
}

function ticket(random: Random, prefix: string, identity: Identity): EventInput {
  const ofTicket = { ...identity, ticket_id: `${prefix}-t${random.below(300)}`, customer_id: null };
  const type = random.pick(['ticket_opened', 'ticket_closed', 'ticket_priority_changed'] as const);
  const priority = random.pick(PRIORITIES);
  if (type !== 'ticket_priority_changed') return { type, ...ofTicket, priority };
  return { type, ...ofTicket, priority, previous_priority: random.pick(PRIORITIES) };
}

function occurredAt(random: Random): string {
  const late = random.next() < LATE_SHARE ? random.below(LATEST_BY_MS) : 0;
  return new Date(SAMPLE_START_MS + random.below(SPAN_MS) - late).toISOString();
}

/** 123456 ten-thousandths → "12.3456". */
function decimalText(tenThousandths: number): string {
  const digits = String(tenThousandths).padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}
