import type { DuckDBConnection } from '@duckdb/node-api';
import { loadMetrics, type Metric, TandemError, viewTableName } from '@tandem/shared';
import type { Benchmark, Context, Row } from './benchmark.js';
import { describeDurations, ENGINE, recomputingSeconds, runBatch, startBatch } from './harness/batch-runs.js';
import { measureAgainst, measurePairs, oursOverPeer, peerOverOurs, secondsOf } from './harness/pairs.js';
import type { OpenDatabase } from './harness/workplace.js';
import { recomputeInDuckDb } from './peers/recompute-in-duckdb.js';
import { makeViewsInPostgres, refreshInPostgres } from './peers/refresh-in-postgres.js';
import type { ShopSize } from './shop/shop-events.sql.js';
import { type MasterDataset, writeMasterDataset } from './shop/write-master-dataset.js';

/** A full run's recomputing step against SQL by hand on the same files, and against Postgres. */
export const recompute: Benchmark = {
  name: 'recompute',
  title: 'the master dataset into the batch view',
  run: async (context) => {
    const inDuckDb = await withShop(context, 'recompute', context.sizes.recompute, compareWithDuckDb);
    const inPostgres = await withShop(context, 'refresh', context.sizes.recomputePostgres, compareWithPostgres);
    const { events, days } = context.sizes.recompute;
    const other = context.sizes.recomputePostgres;
    return {
      sizes: `${events.toLocaleString('en-US')} events of ${days} days (${other.events.toLocaleString('en-US')} of ${other.days} days against Postgres), 1 % of them copies, ids as text, ${ENGINE.threads} threads and ${ENGINE.memoryLimit} for DuckDB on both sides.`,
      rows: [...inDuckDb.rows, ...inPostgres.rows],
      notes: [
        'Ours is the step `recomputing` of a full run: hashes of all files verified, and all rows written out as CSV. It always makes sketches.',
        'Same rows on both sides: hour, day and all time for every subset of the dimensions, distinct values exact; checked before measuring.',
        ...inDuckDb.notes,
        ...inPostgres.notes,
      ],
      limits:
        'telling distinct values apart. At the finest grain there are nearly as many (group, order) pairs as events, and every subset of the dimensions at every grain compares them again; then come the sketches. The peer has fixed tables for two metrics in one pass; ours works in chunks of days, so that memory does not grow with the history, verifies every file and writes CSV for Postgres.',
    };
  },
};

type Shop = { readonly opened: OpenDatabase; readonly dataset: MasterDataset; readonly size: ShopSize };
type Compared = { readonly rows: readonly Row[]; readonly notes: readonly string[] };

async function withShop(
  context: Context,
  name: string,
  size: ShopSize,
  compare: (context: Context, shop: Shop) => Promise<Compared>,
): Promise<Compared> {
  const { place, say } = context;
  const opened = await place.makeDatabase(name);
  say(`writing ${size.events} events into a master dataset`);
  const dataset = await writeMasterDataset(await place.makeFolder(name), opened.database, size);
  const batch = await startBatch(opened, dataset.folder);
  try {
    return await compare(context, { opened, dataset, size });
  } finally {
    await batch.stop();
  }
}

async function compareWithDuckDb({ sizes, place, say }: Context, { opened, dataset }: Shop): Promise<Compared> {
  const peer = (withSketches: boolean) => () =>
    secondsOf(() => recomputeInDuckDb({ files: dataset.files, withSketches }, { ...ENGINE, folder: place.folder }));
  const ours = async () => recomputingSeconds(await runBatch(opened, 'full'));
  const run = await runBatch(opened, 'full');
  say(`one full run: ${describeDurations(run)}`);
  await recomputeInDuckDb({ files: dataset.files, withSketches: false }, ENGINE, async (connection) => {
    await refuseOtherRows(opened, connection);
  });
  const [alike, bare] = await measureAgainst({
    pairs: sizes.pairs,
    ours,
    peers: [peer(true), peer(false)],
    ratio: oursOverPeer,
    isWarmUpNeeded: false,
    say,
  });
  if (!alike || !bare) throw new TandemError('internal', 'found fewer results than peers');
  const goal = { atMost: 1.2 };
  return {
    rows: [
      { what: 'full recompute; peer: DuckDB SQL by hand, with sketches as ours', unit: 's', ...alike, goal },
      { what: 'the same; peer: without sketches', unit: 's', ...bare },
    ],
    notes: [`Steps of a full run: ${describeDurations(run)}.`],
  };
}

async function compareWithPostgres({ sizes, place, say }: Context, { opened, dataset }: Shop): Promise<Compared> {
  say('filling the table of the peer in Postgres');
  await makeViewsInPostgres(opened.database, dataset.files, place.folder);
  const measured = await measurePairs({
    pairs: sizes.pairs,
    ours: async () => recomputingSeconds(await runBatch(opened, 'full')),
    peer: () => secondsOf(() => refreshInPostgres(opened.database)),
    ratio: peerOverOurs,
    say,
  });
  await refuseOtherTotals(opened);
  const what = 'full recompute; peer: Postgres refreshing materialized views, without sketches (ratio: peer / ours)';
  return { rows: [{ what, unit: 's', ...measured, goal: { atLeast: 10 } }], notes: [] };
}

/** One line per grain and grouping: rows, and the sum of every measure over them. */
const summarySql = (metric: Metric, table: string) => {
  const sums = Object.keys(metric.measures).map((name) => `sum(${name})::text`);
  return `SELECT grain, "grouping"::text, count(*)::text, ${sums.join(', ')} FROM ${table} GROUP BY grain, "grouping"`;
};

/** Throws when the peer's rows are not the published ones. */
async function refuseOtherRows({ database }: OpenDatabase, connection: DuckDBConnection): Promise<void> {
  for (const metric of await loadMetrics()) {
    const current = `${viewTableName(metric)} WHERE run_id = (SELECT run_id FROM tandem.batch_current)`;
    const { rows } = await database.query({ text: summarySql(metric, current), rowMode: 'array' });
    const reader = await connection.runAndReadAll(summarySql(metric, metric.name));
    refuseDifference(metric.name, rows, reader.getRows());
  }
}

async function refuseOtherTotals({ database }: OpenDatabase): Promise<void> {
  const measures =
    'sum(gross)::text, sum(refunds)::text, sum(line_items)::text, sum(orders)::text, sum(customers)::text';
  const current = 'run_id = (SELECT run_id FROM tandem.batch_current)';
  const [revenue] = (await loadMetrics()).filter(({ name }) => name === 'revenue');
  if (!revenue) return;
  const ours = await database.query({
    text: `SELECT count(*), ${measures} FROM ${viewTableName(revenue)} WHERE ${current}`,
    rowMode: 'array',
  });
  const peer = await database.query({ text: `SELECT count(*), ${measures} FROM peer.revenue`, rowMode: 'array' });
  refuseDifference('revenue', ours.rows, peer.rows);
}

function refuseDifference(name: string, ours: readonly unknown[], peer: readonly unknown[]): void {
  const [a, b] = [ours, peer].map((rows) => rows.map(String).sort().join('\n'));
  if (a === b) return;
  throw new TandemError('internal', `${name}: found other rows than the peer's:\n${a}\n\npeer:\n${b}`);
}
