/**
 * A shop's events as DuckDB SQL: the same for the same numbers, on any machine. In order of arrival:
 * - order lines, three to an order on average; of 50 events one is a refund, one opens and one closes a ticket;
 * - one in a hundred is a copy of the event 37 before it; one order in 50 comes in up to two hours late;
 * - busy at noon, quiet at night; 12 categories, 20 countries (the first has three fifths), half a million customers of
 *   whom a few buy much; 5 % of the orders have no customer;
 * - ids are text: 32 hexadecimal digits for events.
 * Columns: those of the events, money in ten-thousandths, times in milliseconds; and position, partition and offset.
 */
export type ShopSize = { readonly events: number; readonly days: number };

/** The first event's day (inclusive). */
export const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
const MS_PER_DAY = 86_400_000;

/** Creates the table `shop`. */
export function createShopSql({ events, days }: ShopSize, partitions: number): string {
  return `
CREATE TABLE shop AS
WITH arrival AS (
  SELECT i, CASE WHEN i % 100 = 99 THEN i - 37 ELSE i END AS s FROM range(${events}) r(i)
), chance AS (
  SELECT i, s, s // 3 AS o,
         hash(s // 3 + 1000000007) / 18446744073709551616.0 AS of_customer,
         hash(s // 3 + 2000000011) / 18446744073709551616.0 AS of_country,
         hash(s + 3000000019) / 18446744073709551616.0 AS of_category,
         hash(s + 4000000007) / 18446744073709551616.0 AS of_amount
  FROM arrival
), fact AS (
  SELECT i, s, o,
         CASE s % 50 WHEN 7 THEN 'order_refunded' WHEN 23 THEN 'ticket_opened' WHEN 41 THEN 'ticket_closed'
                     ELSE 'order_placed' END AS type,
         ${timeSql(events, days)} AS occurred_at,
         'c-' || floor(500000 * of_customer ^ 2.5)::BIGINT AS customer,
         floor(12 * of_category ^ 2)::INTEGER AS category_number,
         floor(20 * of_country ^ 6)::INTEGER AS country_number,
         (100 + floor(20000 * of_amount ^ 3))::BIGINT * 100 AS amount
  FROM chance
), event AS (
  SELECT i, type, md5(s::VARCHAR) AS event_id, occurred_at,
         type IN ('order_placed', 'order_refunded') AS is_order,
         'o-' || o AS order_id, 't-' || (s // 50) AS ticket_id,
         CASE WHEN o % 20 = 11 THEN NULL ELSE customer END AS customer_id,
         (${listSql(CATEGORIES)})[category_number + 1] AS category,
         (${listSql(COUNTRIES)})[country_number + 1] AS country,
         amount, (${listSql(PRIORITIES)})[s // 50 % 4 + 1] AS priority
  FROM fact
), placed AS (
  SELECT *, hash(CASE WHEN is_order THEN coalesce(customer_id, order_id) ELSE ticket_id END) % ${partitions} AS partition
  FROM event
)
SELECT i AS position, partition::BIGINT AS partition,
       row_number() OVER (PARTITION BY partition ORDER BY i) - 1 AS "offset",
       type, event_id, occurred_at, customer_id,
       CASE WHEN is_order THEN order_id END AS order_id,
       CASE WHEN is_order THEN category END AS category,
       CASE WHEN is_order THEN amount END AS amount,
       CASE WHEN is_order THEN country END AS country,
       CASE WHEN NOT is_order THEN ticket_id END AS ticket_id,
       CASE WHEN NOT is_order THEN priority END AS priority
FROM placed ORDER BY i`;
}

/** Evenly over the days, then bent within each so that most fall around noon; never outside of the days. */
function timeSql(events: number, days: number): string {
  const even = `(o * 3.0 / ${events} * ${days})`;
  const hourOfDay = `(${even} - floor(${even}))`;
  const bent = `(floor(${even}) + ${hourOfDay} + 0.8 * sin(2 * pi() * ${hourOfDay}) / (2 * pi()))`;
  const onTime = `floor(${bent} * ${MS_PER_DAY})::BIGINT`;
  const late = `CASE WHEN o % 50 = 7 THEN floor(of_country * 7200000)::BIGINT ELSE 0 END`;
  return `${FIRST_DAY_MS} + greatest(0, least(${days * MS_PER_DAY - 1}, ${onTime}) - ${late})`;
}

function listSql(values: readonly string[]): string {
  return `[${values.map((value) => `'${value}'`).join(', ')}]`;
}

const PRIORITIES = ['low', 'medium', 'high', 'urgent'];
const CATEGORIES = [
  'kitchen',
  'books',
  'garden',
  'toys',
  'stationery',
  'bags',
  'lighting',
  'textiles',
  'jewellery',
  'christmas',
  'craft',
  'gifts',
];
const COUNTRIES = [
  'United Kingdom',
  'Germany',
  'France',
  'Ireland',
  'Spain',
  'Netherlands',
  'Belgium',
  'Switzerland',
  'Portugal',
  'Australia',
  'Norway',
  'Italy',
  'Finland',
  'Cyprus',
  'Sweden',
  'Austria',
  'Denmark',
  'Japan',
  'Poland',
  'Singapore',
];

/** The JSON text of each event, as a producer writes it. */
export const EVENT_JSON_SQL = `
  CASE WHEN order_id IS NOT NULL THEN
    '{"type":"' || type || '","event_id":"' || event_id || '","occurred_at":"' || occurred_text || '","order_id":"' ||
    order_id || '","customer_id":' || coalesce('"' || customer_id || '"', 'null') || ',"category":"' || category ||
    '","amount":' || (amount / 10000)::DECIMAL(12, 2) || ',"country":"' || country || '"}'
  ELSE
    '{"type":"' || type || '","event_id":"' || event_id || '","occurred_at":"' || occurred_text || '","ticket_id":"' ||
    ticket_id || '","customer_id":' || coalesce('"' || customer_id || '"', 'null') || ',"priority":"' || priority || '"}'
  END`;

/** "2026-01-31T08:15:00.123Z". */
export const OCCURRED_TEXT_SQL = `strftime(make_timestamp(occurred_at * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')`;
