import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Metric } from '@tandem/shared';
import { answerByOracle, type OracleQuery, type OracleRow, readByOracle } from '@tandem/shared/testing/oracle';
import type pg from 'pg';
import { FaultScene } from '../testing/fault-scene.js';
import { readWholeLog, withDatabase } from '../testing/log-content.js';
import { asInteger } from '../testing/right-answers.js';
import { sampleEvent } from '../testing/sample-events.js';
import { tenThousandthsOf } from '../testing/tandem-client.js';

const SEED = 20_261_125;
const TIMEOUT_MS = 120_000;

/** The statements that the README shows, by what it says of each. */
const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const SECTION = /## Read it with SQL\n([\s\S]*?)\n## /.exec(README)?.[1] ?? '';
const STATEMENTS = new Map(
  [.../```sql\n([\s\S]*?)```/g[Symbol.matchAll](SECTION)]
    .flatMap(([, block = '']) => [...block.matchAll(/^-- (.*)\n([^;]*;)/gm)])
    .map(([, title = '', statement = '']) => [title, statement]),
);

type Row = Readonly<Record<string, unknown>>;

let scene: FaultScene;
let revenue: Metric;
let expected: (query?: OracleQuery) => readonly OracleRow[];

const run = (statement: string, settings = '') =>
  withDatabase(scene.dataFolder, async (client: pg.Client) => {
    if (settings !== '') await client.query(settings);
    return (await client.query<Row>(statement)).rows;
  });
const statement = (title: string) => STATEMENTS.get(title) ?? `SELECT 'the README has no ${title}'`;

beforeAll(async () => {
  scene = await FaultScene.open(SEED);
  const client = await scene.start();
  revenue = scene.metrics.find(({ name }) => name === 'revenue') as Metric;
  const events = Array.from({ length: 600 }, (_, n) => sampleEvent(scene.random, 'sql', n));
  await client.ingest(events);
  await client.publish();
  const all = readByOracle(await readWholeLog(scene.dataFolder)).events;
  expected = (query = {}) => answerByOracle(revenue, all, query);
}, TIMEOUT_MS);
afterAll(() => scene.close(), TIMEOUT_MS);

type Right = {
  readonly title: string;
  readonly query: OracleQuery;
  readonly values: readonly string[];
  readonly bucket?: { readonly column: string; readonly of: (ms: number) => unknown };
};

/** Rows as text, so that they compare as sets: bucket, group, and the values, money and ratios in ten-thousandths. */
function foundTexts(rows: readonly Row[], { query, values, bucket }: Right): readonly string[] {
  const keys = [...(bucket ? [bucket.column] : []), ...(query.groupBy ?? [])];
  const value = (row: Row, name: string) => String(asInteger(revenue, name, Number(row[name])));
  return rows
    .map((row) => JSON.stringify([keys.map((key) => row[key]), values.map((name) => value(row, name))]))
    .sort();
}

function expectedTexts({ query, values, bucket }: Right): readonly string[] {
  return expected(query)
    .map((row) => {
      const group = (query.groupBy ?? []).map((name) => row.group[name]);
      const keys = [...(bucket ? [bucket.of(row.bucket ?? 0)] : []), ...group];
      return JSON.stringify([keys, values.map((name) => String(row.values[name]))]);
    })
    .sort();
}

describe('What the README says of SQL', () => {
  it('is tried here statement by statement', () => {
    expect([...STATEMENTS.keys()].filter((title) => title.startsWith('right'))).toEqual(
      RIGHT.map(({ title }) => title),
    );
    expect([...STATEMENTS.keys()].filter((title) => title.startsWith('wrong'))).toHaveLength(4);
  });

  const RIGHT: readonly Right[] = [
    { title: 'right: the revenue', query: {}, values: ['revenue'] },
    { title: 'right: the revenue of each category', query: { groupBy: ['category'] }, values: ['revenue'] },
    {
      title: 'right: the line items of each day in Germany',
      query: { where: { country: 'DE' }, granularity: 'day' },
      values: ['line_items'],
      bucket: { column: 'day', of: (ms) => new Date(ms).toISOString().slice(0, 10) },
    },
    {
      title: 'right: the gross of each hour since a day: an index finds days, and not buckets',
      query: { granularity: 'hour', from: Date.UTC(2026, 0, 11) },
      values: ['gross'],
      bucket: { column: 'bucket', of: (ms) => new Date(ms) },
    },
    {
      title:
        'right: orders and customers, which are counted once each, and what is divided by them: one row of the cube',
      query: {},
      values: ['orders', 'customers', 'average_order_value'],
    },
    {
      title: 'right: the customers of each country on each day',
      query: { granularity: 'day', groupBy: ['country'] },
      values: ['customers'],
      bucket: { column: 'bucket', of: (ms) => new Date(ms) },
    },
  ];

  it.each(RIGHT)('gives what the oracle reads in the log: $title', async (right) => {
    // As text, since the driver would read a day as midnight in this machine's time zone.
    const asked = statement(right.title).replace('SELECT day,', 'SELECT day::text AS day,');
    for (const zone of ['UTC', 'America/New_York', 'Pacific/Auckland']) {
      expect(foundTexts(await run(asked, `SET TimeZone = '${zone}'`), right)).toEqual(expectedTexts(right));
    }
  });

  it('gives what the API answers', async () => {
    const { batch } = await scene.client.answer('/metrics/revenue');
    const [[sum], [one]] = [await run(statement(RIGHT[0]?.title ?? '')), await run(statement(RIGHT[4]?.title ?? ''))];
    expect(Number(sum?.['revenue'])).toBe(batch['revenue']);
    expect([one?.['orders'], one?.['customers'], one?.['average_order_value']].map(Number)).toEqual([
      batch['orders'],
      batch['customers'],
      batch['average_order_value'],
    ]);
  });

  it('is as wrong as it says, where it says so', async () => {
    const [truth] = expected();
    const money = (value: unknown) => tenThousandthsOf(Number(value));
    const [twelve] = await run(statement('wrong: 12 times the revenue, as the cube has 3 grains of 4 groupings'));
    expect(money(twelve?.['revenue'])).toBe(12n * (truth?.values['revenue'] ?? 0n));
    const byCategory = await run(statement('wrong: 6 times the revenue of each category, and a row for none'));
    const right = expected({ groupBy: ['category'] });
    expect(byCategory).toHaveLength(right.length + 1);
    for (const { group, values } of right) {
      const row = byCategory.find(({ category }) => category === group['category']);
      expect(money(row?.['revenue'])).toBe(6n * (values['revenue'] ?? 0n));
    }
    const [customers] = await run(statement('wrong: who bought in two categories is counted twice'));
    expect(Number(customers?.['customers'])).toBeGreaterThan(Number(truth?.values['customers']));
    const [average] = await run(statement('wrong: an average of averages'));
    const averages = Math.round(Number(average?.['average_order_value']) * 10_000);
    expect(averages).not.toBe(Number(truth?.values['average_order_value']));
  });

  it('is said of each view and column in the database, too', async () => {
    const rows = await run(`
      SELECT c.relname || coalesce('.' || a.attname, '') AS name, col_description(c.oid, coalesce(a.attnum, 0)) AS comment,
        obj_description(c.oid) AS "viewComment"
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
      WHERE c.relnamespace = 'batch_view'::regnamespace`);
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter(({ comment, viewComment }) => !comment || !viewComment)).toEqual([]);
  });

  it('goes on with what a reader made, over a start, further runs and a rollback', async () => {
    await run(`CREATE ROLE analyst; GRANT USAGE ON SCHEMA batch_view TO analyst;
      GRANT SELECT ON ALL TABLES IN SCHEMA batch_view TO analyst;
      CREATE VIEW public.margin AS SELECT country, sum(revenue) AS revenue FROM batch_view.revenue_daily GROUP BY country;
      CREATE MATERIALIZED VIEW public.monthly AS SELECT * FROM batch_view.revenue_daily`);
    const revenueOf = async (view: string) =>
      Number((await run(`SELECT sum(revenue) AS revenue FROM ${view}`, 'SET ROLE analyst'))[0]?.['revenue']);
    await scene.process.stop();
    const client = await scene.start();
    await run('GRANT SELECT ON public.margin TO analyst');
    const revenues = new Set<unknown>();
    for (const step of ['run', 'run', 'rollback', 'run']) {
      await client.ingest([sampleEvent(scene.random, step, revenues.size)]);
      if (step === 'run') await client.publish();
      else expect((await client.post('/batch/rollback')).status).toBe(200);
      const { batch } = await client.answer('/metrics/revenue');
      revenues.add(batch['revenue']);
      for (const view of ['batch_view.revenue_hourly', 'public.margin']) {
        expect(await revenueOf(view)).toBe(batch['revenue']);
      }
      await run('REFRESH MATERIALIZED VIEW public.monthly');
      expect(Number((await run('SELECT sum(revenue) AS revenue FROM public.monthly'))[0]?.['revenue'])).toBe(
        batch['revenue'],
      );
    }
    expect(revenues.size).toBeGreaterThan(1);
  }, 60_000);
});
