/**
 * The same batch view as materialized views in Postgres, over a plain table of the events (peer.event).
 * Refreshed in their order they deduplicate, then aggregate. No sketches.
 */
export const CREATE_EVENT_TABLE_SQL = `
CREATE SCHEMA peer;
CREATE UNLOGGED TABLE peer.event (
  partition smallint, "offset" bigint, type text, event_id text, occurred_at bigint, order_id text, customer_id text,
  category text, amount bigint, country text, ticket_id text, priority text, previous_priority text
)`;

export const EVENT_COLUMNS_SQL = `partition, "offset", type, event_id, occurred_at, order_id, customer_id, category, amount,
  country, ticket_id, priority, previous_priority`;

export const CREATE_VIEWS_SQL = `
CREATE MATERIALIZED VIEW peer.counted AS
SELECT DISTINCT ON (event_id, occurred_at)
  type, occurred_at / 3600000 AS hour, occurred_at / 86400000 AS day, order_id, customer_id, category, amount, country,
  priority, previous_priority
FROM peer.event ORDER BY event_id, occurred_at, partition, "offset"
WITH NO DATA;

CREATE MATERIALIZED VIEW peer.revenue AS
SELECT hour, CASE WHEN GROUPING(hour) = 0 THEN hour / 24 ELSE day END AS day, category, country,
  GROUPING(hour, day, category, country) AS summed_over,
  coalesce(sum(amount) FILTER (WHERE type = 'order_placed'), 0) AS gross,
  coalesce(sum(amount) FILTER (WHERE type = 'order_refunded'), 0) AS refunds,
  count(*) FILTER (WHERE type = 'order_placed') AS line_items,
  count(DISTINCT order_id) FILTER (WHERE type = 'order_placed') AS orders,
  count(DISTINCT customer_id) AS customers
FROM peer.counted WHERE type IN ('order_placed', 'order_refunded')
GROUP BY GROUPING SETS (
  (hour, category, country), (hour, category), (hour, country), (hour),
  (day, category, country), (day, category), (day, country), (day),
  (category, country), (category), (country), ())
WITH NO DATA;

CREATE MATERIALIZED VIEW peer.tickets AS
WITH change AS (
  SELECT hour, day, priority, (type = 'ticket_opened')::integer AS opened, (type = 'ticket_closed')::integer AS closed,
    (type = 'ticket_priority_changed')::integer AS moved_in, 0 AS moved_out
  FROM peer.counted WHERE type IN ('ticket_opened', 'ticket_closed', 'ticket_priority_changed')
  UNION ALL
  SELECT hour, day, previous_priority, 0, 0, 0, 1 FROM peer.counted WHERE type = 'ticket_priority_changed'
)
SELECT hour, day, priority, GROUPING(hour, day, priority) AS summed_over,
  sum(opened) AS opened, sum(closed) AS closed, sum(moved_in) AS moved_in, sum(moved_out) AS moved_out
FROM change
GROUP BY GROUPING SETS ((hour, priority), (hour), (day, priority), (day), (priority), ())
WITH NO DATA`;

/** What a careful operator sets for one heavy session on a small machine. */
export const SESSION_SQL = `SET work_mem = '512MB'; SET max_parallel_workers_per_gather = 2; SET jit = off`;

export const REFRESH_SQL = [
  'REFRESH MATERIALIZED VIEW peer.counted',
  'ANALYZE peer.counted',
  'REFRESH MATERIALIZED VIEW peer.revenue',
  'REFRESH MATERIALIZED VIEW peer.tickets',
];
