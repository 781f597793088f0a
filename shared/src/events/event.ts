import { z } from 'zod';
import { type FieldName, fields } from './fields.js';

const { event_id, occurred_at, order_id, customer_id, category, amount, country, sku, quantity } = fields;
const { ticket_id, priority, previous_priority } = fields;

const identity = { event_id: event_id.schema, occurred_at: occurred_at.schema };
const orderLine = {
  ...identity,
  order_id: order_id.schema,
  customer_id: customer_id.schema,
  category: category.schema,
  amount: amount.schema,
  country: country.schema,
  sku: sku.schema,
  quantity: quantity.schema,
};
const ticket = {
  ...identity,
  ticket_id: ticket_id.schema,
  customer_id: customer_id.schema,
  priority: priority.schema,
};

/**
 * One strict schema per event type: the single source of validation, TypeScript type, Parquet columns and API schema.
 * `amount` comes out as integer ten-thousandths, `occurred_at` as milliseconds since 1970.
 */
export const eventSchemas = {
  order_placed: z.strictObject({ type: z.literal('order_placed'), ...orderLine }),
  order_refunded: z.strictObject({ type: z.literal('order_refunded'), ...orderLine }),
  ticket_opened: z.strictObject({ type: z.literal('ticket_opened'), ...ticket }),
  ticket_closed: z.strictObject({ type: z.literal('ticket_closed'), ...ticket }),
  /** `priority` is the new one, `previous_priority` the one the ticket had until now. */
  ticket_priority_changed: z.strictObject({
    type: z.literal('ticket_priority_changed'),
    ...ticket,
    previous_priority: previous_priority.schema,
  }),
} as const;

export type EventType = keyof typeof eventSchemas;
export const EVENT_TYPES = Object.keys(eventSchemas) as readonly EventType[];

/** The schema of any event, not compiled: for API descriptions. Validate with `decodeEvent`. */
export const eventSchema = z.discriminatedUnion('type', [
  eventSchemas.order_placed,
  eventSchemas.order_refunded,
  eventSchemas.ticket_opened,
  eventSchemas.ticket_closed,
  eventSchemas.ticket_priority_changed,
]);

/** An immutable fact, decoded: money in ten-thousandths, time in milliseconds. */
export type Event = z.output<typeof eventSchema>;

/** The same fact as a producer writes it: money as decimal number or text, time as ISO text. */
export type EventInput = z.input<typeof eventSchema>;

/** The names of the fields of an event type, without `type`, in schema order. */
export function fieldNamesOf(type: EventType): readonly FieldName[] {
  return Object.keys(eventSchemas[type].shape).filter((name) => name !== 'type') as FieldName[];
}

/** The value of a field of a decoded event; undefined where its type has no such field or it was left out. */
export function fieldOf(event: Event, name: FieldName): string | number | null | undefined {
  return (event as unknown as Readonly<Record<string, string | number | null | undefined>>)[name];
}

/** What makes two records copies of one event: the same in both layers. Unambiguous, as ids hold no control characters. */
export function identityOf(event: Event): string {
  return `${event.occurred_at}\n${event.event_id}`;
}

/** The key whose hash picks an event's partition: the customer's or the ticket's, so that their events stay in order. */
export function partitionKeyOf(event: Event | EventInput): string {
  if ('ticket_id' in event) return event.ticket_id;
  return event.customer_id ?? event.order_id;
}
