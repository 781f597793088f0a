import {
  addStates,
  type Cells,
  cellAt,
  cellKey,
  createViewTableSql,
  DistinctSketch,
  dayOf,
  decodeEvent,
  definitionHash,
  type Event,
  encodeSketch,
  foldOf,
  fullGrouping,
  identityOf,
  type Metric,
  MS_PER_DAY,
  MS_PER_HOUR,
  type Offsets,
  rowCarriesSketch,
  viewColumns,
  viewTableName,
} from '@tandem/shared';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { answerByOracle, type PositionedValue, readByOracle } from '@tandem/shared/testing/oracle';

const GRAINS = ['hour', 'day', 'all'] as const;

/**
 * Publishes a batch run whose view the oracle computed: the records below the boundary (exclusive), and no others.
 * Every day is computed by this run. Returns the run's id.
 */
export async function publishByOracle(
  database: Database,
  metrics: readonly Metric[],
  records: readonly PositionedValue[],
  boundary: Offsets,
): Promise<number> {
  const below = records.filter(({ partition, offset }) => offset < (boundary[partition] ?? 0));
  const { events, duplicates, conflicts } = readByOracle(below);
  const definitions = Object.fromEntries(metrics.map((metric) => [metric.name, definitionHash(metric)]));
  const { rows } = await database.query<{ id: string }>(
    `INSERT INTO tandem.batch_run (mode, trigger, state, started_at, finished_at, boundary, base_run, duplicates, conflicts, definitions, kept)
     VALUES ('full', 'manual', 'published', now(), clock_timestamp(), $1, 0, $2, $3, $4, true) RETURNING id`,
    [boundary, duplicates, conflicts, definitions],
  );
  const id = Number(rows[0]?.id);
  for (const day of new Set(events.map((event) => dayOf(event.occurred_at)))) {
    await database.query('INSERT INTO tandem.run_day (run_id, day, computed_by) VALUES ($1, $2, $1)', [id, day]);
  }
  for (const metric of metrics) await insertView(database, metric, id, events);
  await insertTallies(database, id, below, events);
  await insertArchived(database, below, boundary);
  await database.query('UPDATE tandem.batch_current SET run_id = $1', [id]);
  return id;
}

async function insertView(database: Database, metric: Metric, id: number, events: readonly Event[]): Promise<void> {
  await database.query(createViewTableSql(metric));
  const cells: Cells = new Map();
  const fold = foldOf(metric);
  for (const event of events) fold(cells, event);
  const columns = viewColumns(metric);
  const parameters = columns.map((_, index) => `$${index + 1}`).join(', ');
  const insert = `INSERT INTO ${viewTableName(metric)} (${columns.map((name) => `"${name}"`).join(', ')}) VALUES (${parameters})`;
  for (const grain of GRAINS) {
    for (let grouping = 0; grouping <= fullGrouping(metric); grouping++) {
      for (const row of viewRows(metric, id, events, cells, grain, grouping)) await database.query(insert, row);
    }
  }
}

function viewRows(
  metric: Metric,
  id: number,
  events: readonly Event[],
  cells: Cells,
  grain: (typeof GRAINS)[number],
  grouping: number,
): readonly unknown[][] {
  const kept = metric.dimensions.filter((_, index) => Math.floor(grouping / 2 ** index) % 2 === 1);
  const granularity = grain === 'all' ? {} : { granularity: grain };
  return answerByOracle(metric, events, { groupBy: kept, ...granularity }).map(({ bucket, group, values }) => [
    id,
    bucket === null ? null : dayOf(bucket),
    grain,
    bucket === null ? null : new Date(bucket),
    grouping,
    ...metric.dimensions.map((name) => group[name] ?? null),
    ...Object.keys(metric.measures).map((name) => String(values[name])),
    ...sketchesOf(metric, cells, rowCarriesSketch(metric, grain, grouping), (cell) => {
      const width = grain === 'day' ? MS_PER_DAY : MS_PER_HOUR;
      const isInBucket = bucket === null || Math.floor((cell.hour * MS_PER_HOUR) / width) * width === bucket;
      return (
        isInBucket &&
        metric.dimensions.every((name, index) => !kept.includes(name) || group[name] === cell.dimensions[index])
      );
    }),
  ]);
}

function sketchesOf(
  metric: Metric,
  cells: Cells,
  isCarried: boolean,
  isIn: (cell: { hour: number; dimensions: readonly string[] }) => boolean,
): readonly (Buffer | null)[] {
  const united: Cells = new Map();
  const whole = cellAt(metric, united, cellKey(0, []), 0, []);
  for (const cell of cells.values()) if (isIn(cell)) addStates(whole.states, cell.states);
  return whole.states.flatMap((state) => {
    if (!(state instanceof DistinctSketch)) return [];
    return [isCarried && state.heldHashes > 0 ? encodeSketch(state) : null];
  });
}

async function insertTallies(
  database: Database,
  id: number,
  below: readonly PositionedValue[],
  counting: readonly Event[],
): Promise<void> {
  const counts = new Set(counting);
  const seen = new Set<string>();
  const tallies = new Map<string, { day: string; partition: number; rows: number; folded: number }>();
  const inOrder = [...below].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  for (const { partition, value, barrier } of inOrder) {
    const decoded = barrier ? null : decodeEvent(value);
    if (!decoded || !('event' in decoded)) continue;
    const day = dayOf(decoded.event.occurred_at);
    const key = `${day} ${partition}`;
    const tally = tallies.get(key) ?? { day, partition, rows: 0, folded: 0 };
    tallies.set(key, tally);
    tally.rows++;
    if (!seen.has(identityOf(decoded.event))) tally.folded++;
    seen.add(identityOf(decoded.event));
  }
  if (seen.size !== counts.size) throw new Error(`the oracle counts ${counts.size} events, this fixture ${seen.size}`);
  for (const { day, partition, rows, folded } of tallies.values()) {
    await database.query('INSERT INTO tandem.day_tally VALUES ($1, $2, $3, $4, $5, $6, 0)', [
      id,
      day,
      partition,
      rows,
      folded,
      rows - folded,
    ]);
  }
}

async function insertArchived(database: Database, below: readonly PositionedValue[], boundary: Offsets): Promise<void> {
  for (const [partition, to] of boundary.entries()) {
    const { rows } = await database.query<{ from: string }>(
      'SELECT coalesce(max(to_offset), 0) AS from FROM tandem.archive_stretch WHERE partition = $1',
      [partition],
    );
    const from = Number(rows[0]?.from);
    const { read, invalid, barriers } = readByOracle(
      below.filter((record) => record.partition === partition && record.offset >= from),
    );
    if (to > from) {
      await database.query('INSERT INTO tandem.archive_stretch VALUES ($1, $2, $3, $4, $5, $6)', [
        partition,
        from,
        to,
        read - invalid - barriers,
        invalid,
        barriers,
      ]);
    }
  }
}
