/** A ticket that was opened, with an id of its own; every other field is the same. */
export const ticket = (id: number | string) => ({
  type: 'ticket_opened',
  event_id: `e-${id}`,
  occurred_at: '2026-01-31T08:15:00Z',
  ticket_id: 't-1',
  customer_id: null,
  priority: 'high',
});
