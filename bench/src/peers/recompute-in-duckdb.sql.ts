/**
 * The batch view recomputed by plain DuckDB SQL, written by hand for these two metrics: the best we could do.
 * Only identities that occur twice are compared exactly; ids become numbers and dimensions enums before anything is
 * grouped; and each coarser group counts the distinct pairs of the next finer one. Nothing is generic, incremental,
 * verified or written out: the results stay in the tables `revenue` and `tickets`.
 */
export type PeerOptions = {
  /** Absolute paths of the Parquet files. */
  readonly files: readonly string[];
  /** Also the smallest hashes of distinct values, in the rows in which Tandem keeps them. */
  readonly withSketches: boolean;
};

const SKETCH_SIZE = 4096;

type Distinct = { readonly name: 'orders' | 'customers'; readonly id: string; readonly where: string };
const DISTINCTS: readonly Distinct[] = [
  { name: 'orders', id: 'order_no', where: `type = 'order_placed' AND order_no IS NOT NULL` },
  { name: 'customers', id: 'customer_no', where: 'customer_no IS NOT NULL' },
];

/** Fine to coarse: where each level's pairs are made from, and which columns they keep. */
const LEVELS = [
  { grain: 'hour', grouping: 3, from: 'line', keep: 'hour, category, country', hasSketch: true },
  { grain: 'hour', grouping: 1, from: 'hour_3', keep: 'hour, category', hasSketch: false },
  { grain: 'hour', grouping: 2, from: 'hour_3', keep: 'hour, country', hasSketch: false },
  { grain: 'hour', grouping: 0, from: 'hour_2', keep: 'hour', hasSketch: false },
  { grain: 'day', grouping: 3, from: 'hour_3', keep: 'hour // 24 * 24 AS hour, category, country', hasSketch: false },
  { grain: 'day', grouping: 1, from: 'day_3', keep: 'hour, category', hasSketch: true },
  { grain: 'day', grouping: 2, from: 'day_3', keep: 'hour, country', hasSketch: true },
  { grain: 'day', grouping: 0, from: 'day_2', keep: 'hour', hasSketch: true },
  { grain: 'all', grouping: 3, from: 'day_3', keep: 'category, country', hasSketch: true },
  { grain: 'all', grouping: 1, from: 'all_3', keep: 'category', hasSketch: true },
  { grain: 'all', grouping: 2, from: 'all_3', keep: 'country', hasSketch: true },
  { grain: 'all', grouping: 0, from: 'all_2', keep: '', hasSketch: true },
] as const;

export function recomputeSql({ files, withSketches }: PeerOptions): readonly string[] {
  const events = `read_parquet([${files.map((file) => `'${file}'`).join(', ')}], hive_partitioning = false)`;
  return [
    `CREATE TYPE category AS ENUM (SELECT DISTINCT category FROM ${events} WHERE category IS NOT NULL)`,
    `CREATE TYPE country AS ENUM (SELECT DISTINCT country FROM ${events} WHERE country IS NOT NULL)`,
    findLosersSql(events),
    dictionarySql('orders', 'order_id', events, withSketches),
    dictionarySql('customers', 'customer_id', events, withSketches),
    loadLinesSql(events),
    SUMS_SQL,
    ...DISTINCTS.flatMap((distinct) => countDistinctSql(distinct, withSketches)),
    REVENUE_SQL,
    ticketsSql(events),
  ];
}

/** Of copies of one event the one with the lowest (partition, offset) counts; the others are the losers. */
function findLosersSql(events: string): string {
  return `CREATE TEMP TABLE loser AS
WITH suspect AS (
  SELECT hash(event_id, occurred_at) AS identity FROM ${events} GROUP BY identity HAVING count(*) > 1
), copy AS (
  SELECT "partition", "offset",
    row_number() OVER (PARTITION BY event_id, occurred_at ORDER BY "partition", "offset") AS nth
  FROM ${events} WHERE hash(event_id, occurred_at) IN (SELECT identity FROM suspect)
)
SELECT "partition", "offset" FROM copy WHERE nth > 1`;
}

function dictionarySql(name: string, column: string, events: string, withSketches: boolean): string {
  const hash = withSketches ? `, CAST('0x' || md5(value)[1:13] AS UBIGINT) AS hash` : '';
  return `CREATE TEMP TABLE dictionary_of_${name} AS
SELECT value, CAST(row_number() OVER () AS INTEGER) AS no${hash}
FROM (SELECT DISTINCT ${column} AS value FROM ${events} WHERE ${column} IS NOT NULL)`;
}

function loadLinesSql(events: string): string {
  return `CREATE TEMP TABLE line AS
SELECT CAST(occurred_at // 3600000 AS INTEGER) AS hour, CAST(category AS category) AS category,
  CAST(country AS country) AS country, type, amount, o.no AS order_no, c.no AS customer_no
FROM (FROM ${events} ANTI JOIN loser USING ("partition", "offset")) e
LEFT JOIN dictionary_of_orders o ON o.value = e.order_id
LEFT JOIN dictionary_of_customers c ON c.value = e.customer_id
WHERE type IN ('order_placed', 'order_refunded')`;
}

const SUMS_SQL = `CREATE TEMP TABLE sums AS
WITH cell AS (
  SELECT hour, category, country,
    coalesce(sum(amount) FILTER (type = 'order_placed'), 0) AS gross,
    coalesce(sum(amount) FILTER (type = 'order_refunded'), 0) AS refunds,
    count(*) FILTER (type = 'order_placed') AS line_items
  FROM line GROUP BY ALL
)
${LEVELS.map(
  ({ grain, grouping }) => `SELECT '${grain}' AS grain, ${startOf(grain)} AS hour, ${grouping} AS "grouping",
  ${dimensionOf('category', grouping, 1)}, ${dimensionOf('country', grouping, 2)},
  sum(gross) AS gross, sum(refunds) AS refunds, sum(line_items) AS line_items
FROM cell GROUP BY ALL`,
).join('\nUNION ALL\n')}`;

function startOf(grain: string): string {
  return grain === 'hour' ? 'hour' : grain === 'day' ? 'hour // 24 * 24' : 'CAST(NULL AS INTEGER)';
}

function dimensionOf(name: string, grouping: number, bit: number): string {
  return (grouping & bit) > 0 ? name : `CAST(NULL AS ${name}) AS ${name}`;
}

/** The distinct pairs of each level, then how many there are in each group, and its smallest hashes. */
function countDistinctSql({ name, id, where }: Distinct, withSketches: boolean): readonly string[] {
  const pairs = LEVELS.map(({ grain, grouping, from, keep }) => {
    const source = from === 'line' ? `line WHERE ${where}` : `${name}_${from}`;
    return `CREATE TEMP TABLE ${name}_${grain}_${grouping} AS SELECT DISTINCT ${[keep, id].filter(Boolean).join(', ')} FROM ${source}`;
  });
  const counts = LEVELS.map(({ grain, grouping, hasSketch }) => {
    const dictionary = withSketches && hasSketch ? ` JOIN dictionary_of_${name} ON no = ${id}` : '';
    const hour = grain === 'all' ? 'CAST(NULL AS INTEGER) AS hour' : 'hour';
    return `SELECT '${grain}' AS grain, ${hour}, ${grouping} AS "grouping",
  ${dimensionOf('category', grouping, 1)}, ${dimensionOf('country', grouping, 2)},
  count(*) AS ${name}${withSketches ? `, ${sketchOf(grain, hasSketch)} AS ${name}_sketch` : ''}
FROM ${name}_${grain}_${grouping}${dictionary} GROUP BY ALL`;
  });
  return [...pairs, `CREATE TEMP TABLE count_of_${name} AS\n${counts.join('\nUNION ALL\n')}`];
}

/** A heap for few large groups, sorting for many small ones. */
function sketchOf(grain: string, hasSketch: boolean): string {
  if (!hasSketch) return 'CAST(NULL AS UBIGINT[])';
  return grain === 'hour' ? `list_sort(list(hash))[1:${SKETCH_SIZE}]` : `min(hash, ${SKETCH_SIZE})`;
}

const REVENUE_SQL = `CREATE TEMP TABLE revenue AS
SELECT * EXCLUDE (orders, customers), coalesce(orders, 0) AS orders, coalesce(customers, 0) AS customers
FROM sums s
LEFT JOIN (SELECT * RENAME (hour AS h, category AS c, country AS l) FROM count_of_orders) o
  ON o.grain = s.grain AND o."grouping" = s."grouping" AND h IS NOT DISTINCT FROM s.hour
  AND c IS NOT DISTINCT FROM s.category AND l IS NOT DISTINCT FROM s.country
LEFT JOIN (SELECT * RENAME (hour AS h2, category AS c2, country AS l2) FROM count_of_customers) k
  ON k.grain = s.grain AND k."grouping" = s."grouping" AND h2 IS NOT DISTINCT FROM s.hour
  AND c2 IS NOT DISTINCT FROM s.category AND l2 IS NOT DISTINCT FROM s.country`;

function ticketsSql(events: string): string {
  return `CREATE TEMP TABLE tickets AS
WITH ticket AS (
  SELECT occurred_at // 3600000 AS hour, type, priority, previous_priority
  FROM ${events} ANTI JOIN loser USING ("partition", "offset")
  WHERE type IN ('ticket_opened', 'ticket_closed', 'ticket_priority_changed')
), change AS (
  SELECT hour, priority, type = 'ticket_opened' AS opened, type = 'ticket_closed' AS closed,
    type = 'ticket_priority_changed' AS moved_in, false AS moved_out FROM ticket
  UNION ALL
  SELECT hour, previous_priority, false, false, false, true FROM ticket WHERE type = 'ticket_priority_changed'
)
SELECT CASE WHEN GROUPING(hour) = 0 THEN 'hour' WHEN GROUPING(hour // 24) = 0 THEN 'day' ELSE 'all' END AS grain,
  coalesce(hour, hour // 24 * 24) AS hour, 1 - GROUPING(priority) AS "grouping", priority,
  count(*) FILTER (opened) AS opened, count(*) FILTER (closed) AS closed,
  count(*) FILTER (moved_in) AS moved_in, count(*) FILTER (moved_out) AS moved_out
FROM change
GROUP BY GROUPING SETS ((hour, priority), (hour), (hour // 24, priority), (hour // 24), (priority), ())`;
}
