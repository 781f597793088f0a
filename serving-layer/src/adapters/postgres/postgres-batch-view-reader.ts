import {
  DistinctSketch,
  decodeSketch,
  type Metric,
  normalizeExact,
  type PublishedRun,
  TandemError,
} from '@tandem/shared';
import {
  type Database,
  databaseError,
  inTransaction,
  type Transaction,
} from '@tandem/shared/adapters/postgres/database';
import type {
  ArchiveTally,
  BatchTally,
  BatchViewReader,
  SummedRows,
  UnitedSketches,
} from '../../ports/batch-view-reader.js';
import { bucketOf, type Group, groupKey } from '../../query/group.js';
import { MAX_GROUPS, type Query } from '../../query/query.js';
import { numberSources, sketchSources } from '../../query/row-sources.js';
import { tooManyGroups } from '../../query/too-many-groups.js';
import { groupCountSql, type Statement, sketchRowsSql, sumsSql } from './batch-rows.sql.js';
import { ARCHIVED_SQL, IS_KEPT_SQL, RUN_TALLIES_SQL } from './ledger.sql.js';

/** Most hashes that one answer may hold in sketches: about 50 bytes each. */
export const MAX_HASHES = 2_000_000;
/** Sketch rows fetched at a time: each may carry 28 KB per distinct measure. */
const ROWS_PER_FETCH = 500;

type Row = Readonly<Record<string, unknown>>;

/** Reads tandem.<metric>_<hash>, run_day, day_tally and archive_stretch. */
export class PostgresBatchViewReader implements BatchViewReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async sums(run: PublishedRun, query: Query): Promise<readonly SummedRows[]> {
    const sources = numberSources(query);
    const rows = await this.#rows(sumsSql(query, run.id, sources, MAX_GROUPS + 1));
    if (rows.length > MAX_GROUPS) {
      const [counted] = await this.#rows(groupCountSql(query, run.id, sources));
      throw tooManyGroups(Number(counted?.['groups']));
    }
    await this.#checkKept(run);
    return rows.map((row) => ({
      group: groupOf(query, row),
      rows: Number(row['row_count']),
      sums: Object.keys(query.metric.measures).map((name) => normalizeExact(BigInt(String(row[name])))),
    }));
  }

  async sketches(run: PublishedRun, query: Query): Promise<ReadonlyMap<string, UnitedSketches>> {
    const statement = sketchRowsSql(query, run.id, sketchSources(query));
    const united = new SketchUnion(query.metric);
    await this.#guard(() =>
      inTransaction(this.#database, async (transaction) => {
        for await (const row of rowsOf(transaction, statement)) united.add(groupKey(groupOf(query, row)), row);
      }),
    );
    await this.#checkKept(run);
    return united.byGroup;
  }

  async tallies(run: PublishedRun): Promise<readonly BatchTally[]> {
    const rows = await this.#rows({ text: RUN_TALLIES_SQL, values: [run.id] });
    await this.#checkKept(run);
    return rows.map((row) => ({
      partition: Number(row['partition']),
      folded: Number(row['folded']),
      duplicate: Number(row['duplicate']),
      conflicts: Number(row['conflicts']),
    }));
  }

  async archived(from: readonly number[], to: readonly number[]): Promise<readonly ArchiveTally[]> {
    const rows = await this.#rows({ text: ARCHIVED_SQL, values: [from, to] });
    return rows.map((row) => ({
      partition: Number(row['partition']),
      events: Number(row['events']),
      invalid: Number(row['invalid']),
      barriers: Number(row['barriers']),
    }));
  }

  #rows({ text, values }: Statement): Promise<readonly Row[]> {
    return this.#guard(async () => (await this.#database.query<Row>(text, [...values])).rows);
  }

  /** A run that is dropped loses its rows: what was read of it meanwhile may be too little, and is not used. */
  async #checkKept(run: PublishedRun): Promise<void> {
    const [row] = await this.#rows({ text: IS_KEPT_SQL, values: [run.id] });
    if (row?.['kept'] === true) return;
    throw new TandemError('not-provable', `Run ${run.id} was dropped while it was read. Try again.`, {
      facts: { run: run.id, reason: 'the run was dropped while it was read' },
    });
  }

  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw databaseError(error);
    }
  }
}

/** Streams rows through a cursor, so that memory does not grow with their number. */
async function* rowsOf(transaction: Transaction, { text, values }: Statement): AsyncGenerator<Row> {
  await transaction.query(`DECLARE sketch_rows NO SCROLL CURSOR FOR ${text}`, [...values]);
  for (;;) {
    const { rows } = await transaction.query<Row>(`FETCH ${ROWS_PER_FETCH} FROM sketch_rows`);
    yield* rows;
    if (rows.length < ROWS_PER_FETCH) return;
  }
}

function groupOf({ groupBy, granularity }: Query, row: Row): Group {
  const bucketMs = granularity === null ? null : bucketOf(granularity, Number(row['bucket_ms']));
  return { values: groupBy.map((name) => String(row[name])), bucketMs };
}

class SketchUnion {
  readonly byGroup = new Map<string, UnitedSketches>();
  readonly #measures: readonly (readonly [string, boolean])[];
  #hashes = 0;

  constructor(metric: Metric) {
    this.#measures = Object.entries(metric.measures).map(([name, { kind }]) => [name, kind === 'distinct']);
  }

  add(key: string, row: Row): void {
    const sketches =
      this.byGroup.get(key) ?? this.#measures.map(([, isDistinct]) => (isDistinct ? new DistinctSketch() : null));
    this.byGroup.set(key, sketches);
    this.#measures.forEach(([name], index) => {
      const sketch = sketches[index];
      if (!sketch) return;
      const before = sketch.heldHashes;
      sketch.addAll(decodeSketch(row[`${name}_sketch`] as Buffer | null));
      this.#hashes += sketch.heldHashes - before;
    });
    if (this.#hashes > MAX_HASHES) throw tooManyHashes();
  }
}

function tooManyHashes(): TandemError {
  const advice = 'ask for layer=batch, for fewer groups or for a shorter range';
  return new TandemError(
    'too-large',
    `The distinct counts of this answer need more than ${MAX_HASHES} hashes in memory; ${advice}`,
    { facts: { allowed: MAX_HASHES } },
  );
}
