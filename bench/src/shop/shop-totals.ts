import type { DuckDBConnection } from '@duckdb/node-api';
import type { Totals } from '../harness/totals.js';

const TOTALS_SQL = `
WITH event AS (
  SELECT DISTINCT "partition", type, event_id, occurred_at, occurred_at // 3600000 AS hour, customer_id, order_id,
         category, amount, country, priority
  FROM shop
), revenue AS (
  SELECT sum(amount) FILTER (type = 'order_placed') AS gross,
         sum(amount) FILTER (type = 'order_refunded') AS refunds,
         count(*) FILTER (type = 'order_placed') AS line_items,
         count(DISTINCT order_id) FILTER (type = 'order_placed') AS orders,
         count(DISTINCT customer_id) AS customers
  FROM event WHERE type IN ('order_placed', 'order_refunded')
  GROUP BY "partition", hour, category, country
), tickets AS (
  SELECT count(*) FILTER (type = 'ticket_opened') AS opened, count(*) FILTER (type = 'ticket_closed') AS closed
  FROM event WHERE type IN ('ticket_opened', 'ticket_closed')
  GROUP BY "partition", hour, priority
)
SELECT (SELECT count(*) FROM shop) AS read,
       (SELECT count(*) FROM event) AS folded,
       (SELECT count(*) FROM shop) - (SELECT count(*) FROM event) AS duplicate,
       0 AS invalid,
       (SELECT count(*) FROM revenue) + (SELECT count(*) FROM tickets) AS cells,
       (SELECT sum(gross) FROM revenue) AS "revenue.gross",
       (SELECT sum(refunds) FROM revenue) AS "revenue.refunds",
       (SELECT sum(line_items) FROM revenue) AS "revenue.line_items",
       (SELECT sum(orders) FROM revenue) AS "revenue.orders",
       (SELECT sum(customers) FROM revenue) AS "revenue.customers",
       (SELECT sum(opened) FROM tickets) AS "tickets.opened",
       (SELECT sum(closed) FROM tickets) AS "tickets.closed",
       0 AS "tickets.moved_in",
       0 AS "tickets.moved_out"`;

/**
 * What the speed layer's work must come to for the table `shop`. Written apart from every implementation. Distinct counts
 * are exact: no cell of a shop has as many values as a sketch holds.
 */
export async function shopTotals(connection: DuckDBConnection): Promise<Totals> {
  const row = (await connection.runAndReadAll(TOTALS_SQL)).getRowObjects()[0] ?? {};
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
}
