import type { EventInput } from '@tandem/shared';

/**
 * One line of NDJSON: what JSON.stringify gives, in a quarter of its time. Good only for generated events: their texts
 * hold nothing that JSON would escape.
 */
export function eventLine(event: EventInput): string {
  const customer = event.customer_id === null ? 'null' : `"${event.customer_id}"`;
  const head = `{"type":"${event.type}","event_id":"${event.event_id}","occurred_at":"${event.occurred_at}"`;
  if ('ticket_id' in event) {
    const previous =
      event.type === 'ticket_priority_changed' ? `,"previous_priority":"${event.previous_priority}"` : '';
    return `${head},"ticket_id":"${event.ticket_id}","customer_id":${customer},"priority":"${event.priority}"${previous}}`;
  }
  return (
    `${head},"order_id":"${event.order_id}","customer_id":${customer},"category":"${event.category}",` +
    `"amount":${event.amount},"country":"${event.country}","sku":"${event.sku}","quantity":${event.quantity}}`
  );
}
