import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { count, defineMetric, distinct, type Metric, ratio, sum, total } from '@tandem/shared';
import { oldPublicViewSql, PublicViewScene } from './testing/public-view-scene.js';
import { orderLines } from './testing/sample-records.js';
import { PARTITIONS } from './testing/test-batch-layer.js';

const base = {
  name: 'm',
  description: 'Orders, for tests.',
  dimensions: ['country'],
  measures: { lines: count(['order_placed']), paid: sum('amount', ['order_placed']) },
  derived: { net: total(['paid']) },
} as const;
const before = defineMetric(base);
const withOrders = defineMetric({
  ...base,
  measures: { orders: distinct('order_id', ['order_placed']), ...base.measures },
});
const withoutPaid = defineMetric({ ...base, measures: { lines: base.measures.lines }, derived: {} });
const other = defineMetric({ ...base, name: 'other' });

const TOTAL = `FROM batch_view.m WHERE grain = 'all' AND "grouping" = 0`;
const VIEWS = ['m', 'm_hourly', 'm_daily', 'm_total'];

let scene: PublicViewScene;
beforeEach(async () => {
  scene = await PublicViewScene.open([before]);
  scene.layer.append(orderLines(20, { partitions: PARTITIONS }));
  await scene.publish();
});
afterEach(() => scene.close());

/** Ten more order lines, published. */
async function publishMore(from: number): Promise<void> {
  scene.layer.append(orderLines(10, { from, partitions: PARTITIONS }));
  await scene.publish();
}
const linesIn = async (view: string) =>
  (await scene.rows(`SELECT sum(lines)::int AS lines FROM ${view}`))[0]?.['lines'];
const total0 = async () => (await scene.rows(`SELECT lines::int AS lines ${TOTAL}`))[0]?.['lines'];
const oids = () =>
  scene.rows(`SELECT relname, oid FROM pg_class WHERE relnamespace = 'batch_view'::regnamespace ORDER BY 1`);

describe('public views of an unchanged definition', () => {
  it('stay the same views over runs, a rollback and a start, with all that readers made on them', async () => {
    const reader = await scene.role('reader');
    await scene.rows(`GRANT SELECT ON ALL TABLES IN SCHEMA batch_view TO ${reader};
      CREATE VIEW public.mine AS SELECT sum(paid) AS paid FROM batch_view.m_daily;
      CREATE MATERIALIZED VIEW public.kept AS SELECT country, lines FROM batch_view.m_total`);
    const made = await oids();
    for (let n = 0; n < 4; n++) await publishMore(20 + 10 * n);
    await scene.start([before]);
    await publishMore(60);
    await scene.rollback();
    expect(await oids()).toEqual(made);
    await scene.rows('REFRESH MATERIALIZED VIEW public.kept');
    expect(await linesIn('public.kept')).toBe(60);
    for (const view of VIEWS) expect(await scene.rowsAs(reader, `SELECT * FROM batch_view.${view}`)).not.toEqual([]);
    expect(await scene.rows('SELECT paid FROM public.mine')).toEqual(
      await scene.rows('SELECT sum(paid) AS paid FROM batch_view.m_hourly'),
    );
    expect(scene.said).toEqual([]);
  });

  it('make no publication wait for a reader, however long it reads', async () => {
    const reader = await scene.connect();
    await reader.query('BEGIN; SELECT * FROM batch_view.m; SELECT * FROM batch_view.m_daily');
    const began = performance.now();
    await publishMore(20);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await total0()).toBe(30);
  });

  it('are made again where somebody dropped them, at the next run', async () => {
    await scene.rows('DROP VIEW batch_view.m_daily; DROP VIEW batch_view.m');
    await publishMore(20);
    expect([await total0(), await linesIn('batch_view.m_daily')]).toEqual([30, 30]);
  });
});

describe('public views of a changed definition', () => {
  it('show the old rows until a run with the new one is published, and after a rollback to one with the old', async () => {
    await scene.start([withOrders]);
    expect([await total0(), await linesIn('batch_view.m_total')]).toEqual([20, 20]);
    await publishMore(20);
    expect(await scene.rows(`SELECT lines::int, orders::int ${TOTAL}`)).toEqual([{ lines: 30, orders: 15 }]);
    await scene.rollback();
    expect([await total0(), await linesIn('batch_view.m_total'), await linesIn('batch_view.m_hourly')]).toEqual([
      20, 20, 20,
    ]);
    await publishMore(30);
    expect(await scene.rows(`SELECT lines::int, orders::int ${TOTAL}`)).toEqual([{ lines: 40, orders: 20 }]);
    expect(scene.said).toEqual([]);
  });

  it('get added columns in place, so that what readers made on them goes on', async () => {
    const made = await oids();
    await scene.rows('CREATE VIEW public.mine AS SELECT * FROM batch_view.m_daily');
    await scene.start([withOrders]);
    await publishMore(20);
    expect(await oids()).toEqual(made);
    expect(await linesIn('public.mine')).toBe(30);
    expect(await scene.columns('m')).toEqual([
      'grain',
      'bucket',
      'grouping',
      'country',
      'lines',
      'paid',
      'net',
      'orders',
    ]);
  });

  it('that has fewer columns keep owner, rights and options, and get no others', async () => {
    const [reader, lender, third, owner] = [
      await scene.role('reader'),
      await scene.role('lender'),
      await scene.role('third'),
      await scene.role('owner'),
    ];
    await scene.rows(`
      GRANT CREATE ON SCHEMA batch_view TO ${owner};
      GRANT SELECT (country, paid) ON batch_view.m TO ${reader};
      GRANT SELECT (lines) ON batch_view.m TO ${reader};
      GRANT SELECT ON batch_view.m_daily TO ${lender} WITH GRANT OPTION;
      SET ROLE ${lender}; GRANT SELECT ON batch_view.m_daily TO ${third}; RESET ROLE;
      GRANT SELECT ON batch_view.m_total TO PUBLIC;
      ALTER VIEW batch_view.m_hourly SET (security_barrier = true);
      ALTER VIEW batch_view.m_hourly OWNER TO ${owner};
      ALTER DEFAULT PRIVILEGES IN SCHEMA batch_view GRANT ALL ON TABLES TO ${third}`);
    const rights = (view: string) =>
      scene.rows(`SELECT relowner::regrole, reloptions, ARRAY(
          SELECT a.grantor::regrole || '>' || a.grantee::regrole || a.privilege_type || a.is_grantable
          FROM aclexplode(relacl) a WHERE a.grantee <> relowner ORDER BY 1) AS rights
        FROM pg_class WHERE oid = 'batch_view.${view}'::regclass`);
    const had = [await rights('m_hourly'), await rights('m_daily'), await rights('m_total'), await rights('m')];
    const made = await oids();
    await scene.start([withoutPaid]);
    await publishMore(20);
    expect(await oids()).not.toEqual(made);
    expect([await rights('m_hourly'), await rights('m_daily'), await rights('m_total'), await rights('m')]).toEqual(
      had,
    );
    expect(await scene.columns('m_total')).toEqual(['country', 'lines']);
    expect(await scene.rowsAs(reader, 'SELECT country, lines FROM batch_view.m')).not.toEqual([]);
    await expect(scene.rowsAs(reader, 'SELECT grain FROM batch_view.m')).rejects.toThrow('permission denied');
    await expect(scene.rowsAs(third, 'SELECT * FROM batch_view.m_hourly')).rejects.toThrow('permission denied');
    expect(await linesIn('batch_view.m_hourly')).toBe(30);
  });

  it.each([
    ['a view', 'CREATE VIEW public.mine AS SELECT country, lines, paid FROM batch_view.m_daily', 'view mine'],
    [
      'a materialized view',
      'CREATE MATERIALIZED VIEW public.mine AS SELECT * FROM batch_view.m_daily',
      'materialized view mine',
    ],
    [
      'a function',
      `CREATE FUNCTION public.mine() RETURNS SETOF batch_view.m_daily LANGUAGE sql AS 'SELECT * FROM batch_view.m_daily'`,
      'function',
    ],
    ['a table of its rows', 'CREATE TABLE public.mine (day batch_view.m_daily)', 'column day of table'],
    ['a rule', 'CREATE RULE mine AS ON INSERT TO batch_view.m_daily DO INSTEAD NOTHING', 'rule mine'],
    [
      'a trigger',
      `CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER mine INSTEAD OF INSERT ON batch_view.m_daily FOR EACH ROW EXECUTE FUNCTION public.f()`,
      'trigger mine',
    ],
  ])(
    'that %s depends on keep what was removed as nulls, and the log names what it is kept for',
    async (_, made, named) => {
      await scene.rows(made);
      await scene.start([withoutPaid]);
      await publishMore(20);
      expect(await scene.rows('SELECT sum(lines)::int AS lines, sum(paid) AS paid FROM batch_view.m_daily')).toEqual([
        { lines: 30, paid: null },
      ]);
      expect(await scene.columns('m')).toEqual(['grain', 'bucket', 'grouping', 'country', 'lines']);
      expect(scene.said.map(({ facts }) => facts)).toEqual([
        {
          view: 'batch_view.m_daily',
          columns: ['paid', 'net'],
          dependents: [expect.stringContaining(named.replace('mine', ''))],
        },
      ]);
      await scene.start([before]);
      await publishMore(30);
      expect((await scene.rows('SELECT sum(paid)::text AS paid FROM batch_view.m_daily'))[0]?.['paid']).not.toBeNull();
      expect(scene.said).toHaveLength(1);
    },
  );

  it('keep the type of a column that something depends on: a count as a number of that type, others as nulls', async () => {
    const retyped = defineMetric({
      ...base,
      measures: { lines: sum('amount', ['order_placed']), paid: count(['order_placed']) },
      derived: { net: ratio('paid', 'paid') },
    });
    await scene.rows('CREATE VIEW public.mine AS SELECT lines, paid, net FROM batch_view.m_total');
    await scene.start([retyped]);
    await publishMore(20);
    expect(
      await scene.rows('SELECT sum(lines) AS lines, sum(paid)::text AS paid, min(net)::text AS net FROM public.mine'),
    ).toEqual([{ lines: null, paid: '30.0000', net: '1.0000' }]);
    expect(await scene.rows('SELECT sum(lines)::text AS lines FROM batch_view.m_daily')).toEqual([
      { lines: '442.5000' },
    ]);
  });

  it('that lost its dependents is made clean again with the next change', async () => {
    await scene.rows('CREATE VIEW public.mine AS SELECT paid FROM batch_view.m');
    await scene.start([withoutPaid]);
    await publishMore(20);
    expect(await scene.columns('m')).toContain('paid');
    await scene.rows('DROP VIEW public.mine');
    await scene.start([defineMetric({ ...withoutPaid, derived: { twice: total(['lines', 'lines']) } })]);
    expect(await scene.columns('m')).toEqual(['grain', 'bucket', 'grouping', 'country', 'lines', 'twice']);
    expect(await total0()).toBe(20 + 10);
  });
});

describe('public views that a reader holds while they are to get another definition', () => {
  it('hold up a publication for a second at most, go on showing the old rows, and change when the reader lets go', async () => {
    await scene.start([withoutPaid, other]);
    const reader = await scene.connect();
    await reader.query('BEGIN; SELECT * FROM batch_view.m_hourly');
    scene.layer.append(orderLines(10, { from: 20, partitions: PARTITIONS }));
    const run = await scene.layer.get(await scene.publish());
    expect(run.durationsMs.publishing).toBeGreaterThan(800);
    expect(run.durationsMs.publishing).toBeLessThan(2_000);
    expect(await total0()).toBe(20);
    expect(await linesIn('batch_view.other_daily')).toBe(30);
    for (let n = 3; n < 7; n++) await publishMore(10 * n);
    expect([await total0(), await linesIn('batch_view.m_daily')]).toEqual([20, 20]);
    expect(scene.said).toEqual([{ facts: { metric: 'm' }, message: expect.stringContaining('until it lets go') }]);
    await reader.query('COMMIT');
    await scene.attend();
    expect([await total0(), await linesIn('batch_view.m_daily')]).toEqual([70, 70]);
    expect(await scene.columns('m_hourly')).toEqual(['bucket', 'country', 'lines']);
  });

  it('hold up a rollback for a second at most, and change afterwards', async () => {
    await scene.start([withoutPaid]);
    await publishMore(20);
    const reader = await scene.connect();
    await reader.query('BEGIN; SELECT * FROM batch_view.m');
    const began = performance.now();
    expect((await scene.rollback()).id).toBe(1);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await total0()).toBe(30);
    expect(scene.said.map(({ facts }) => facts)).toEqual([{ metric: 'm' }]);
    await reader.query('COMMIT');
    await scene.attend();
    expect(await scene.rows(`SELECT lines::int, paid IS NOT NULL AS paid ${TOTAL}`)).toEqual([
      { lines: 20, paid: true },
    ]);
  });
});

describe('public views made by version 0.1', () => {
  const OLD_COLUMNS = `r."country", r."lines", (r."paid"::numeric / 10000)::numeric(30, 4) AS "paid", (0 + (r."paid"::numeric / 10000)::numeric(30, 4)) AS "net"`;

  /** As that version left the database. */
  const makeOld = async (metric: Metric) => {
    for (const view of ['m_hourly', 'm_daily', 'm_total', 'm']) await scene.rows(`DROP VIEW batch_view.${view}`);
    await scene.rows('DROP TABLE tandem.public_view, tandem.view_definition');
    await scene.rows(oldPublicViewSql(metric, OLD_COLUMNS));
    const { migrate } = await import('@tandem/shared/adapters/postgres/migrate');
    await migrate(scene.layer.database, PARTITIONS);
  };

  it.each([
    ['the same definition', before],
    ['another definition', withOrders],
    ['one with fewer measures', withoutPaid],
  ])('are taken over with owner, rights and dependents by a program with %s', async (_, metric) => {
    await makeOld(before);
    const [reader, owner] = [await scene.role('reader'), await scene.role('owner')];
    await scene.rows(`GRANT CREATE ON SCHEMA batch_view TO ${owner}; ALTER VIEW batch_view.m OWNER TO ${owner};
      GRANT USAGE ON SCHEMA tandem TO ${owner}; GRANT SELECT ON ALL TABLES IN SCHEMA tandem TO ${owner};
      GRANT SELECT ON batch_view.m TO ${reader}; CREATE VIEW public.mine AS SELECT * FROM batch_view.m`);
    const seen = () => scene.rowsAs(reader, `SELECT lines::int ${TOTAL}`);
    await scene.start([metric]);
    expect(await seen()).toEqual([{ lines: 20 }]);
    expect(await linesIn('batch_view.m_total')).toBe(20);
    await publishMore(20);
    expect(await seen()).toEqual([{ lines: 30 }]);
    expect(await scene.rowsAs(reader, 'SELECT sum(lines)::int AS lines FROM batch_view.m_daily')).toEqual([
      { lines: 30 },
    ]);
    await scene.rollback();
    expect(await seen()).toEqual([{ lines: 20 }]);
    expect(await linesIn('public.mine')).toBe(
      (await scene.rows('SELECT sum(lines)::int AS n FROM batch_view.m'))[0]?.['n'],
    );
    expect(
      await scene.rows(`SELECT relowner::regrole::text AS owner FROM pg_class WHERE oid = 'batch_view.m'::regclass`),
    ).toEqual([{ owner }]);
  });
});

describe('names in schema batch_view', () => {
  it.each([
    ['a table', 'CREATE TABLE batch_view.other_daily (mine int)'],
    ['a view', 'CREATE VIEW batch_view.other_daily AS SELECT 1 AS mine'],
    ['a view on one of ours', 'CREATE VIEW batch_view.other_daily AS SELECT 1 AS mine FROM batch_view.m LIMIT 1'],
    ['a materialized view', 'CREATE MATERIALIZED VIEW batch_view.other_daily AS SELECT 1 AS mine'],
    ['a sequence', 'CREATE SEQUENCE batch_view.other_daily'],
  ])('that %s of a reader has already are left to it, with a word in the log', async (_, made) => {
    await scene.rows(made);
    const had = await scene.columns('other_daily');
    await scene.start([before, other]);
    await publishMore(20);
    expect(await scene.columns('other_daily')).toEqual(had);
    expect(await linesIn('batch_view.other_hourly')).toBe(30);
    expect(scene.said).toEqual([
      { facts: { view: 'batch_view.other_daily' }, message: expect.stringContaining('not ours') },
    ]);
  });

  it('are found there alone, whatever the search path finds before', async () => {
    await scene.rows(`CREATE VIEW public.m AS SELECT 1 AS mine; CREATE SCHEMA trap;
      CREATE FUNCTION trap.round(numeric, int) RETURNS numeric LANGUAGE sql AS 'SELECT 666::numeric';
      CREATE TABLE trap.m (mine int)`);
    const [database] = await scene.rows('SELECT current_database() AS name');
    await scene.rows(
      `ALTER DATABASE ${database?.['name']} SET search_path = trap, public, tandem, batch_view, pg_catalog`,
    );
    for (const name of ['round']) await scene.rows(`GRANT EXECUTE ON FUNCTION trap.${name} TO PUBLIC`);
    const rated = defineMetric({ ...base, derived: { rate: ratio('paid', 'lines') } });
    const { openDatabase } = await import('@tandem/shared/adapters/postgres/database');
    const options = {
      url: scene.layer.url,
      name: 'test',
      maxConnections: 1,
      statementTimeoutMs: 0,
      onConnectionLost: () => {},
    };
    const database2 = openDatabase(options);
    const { PostgresViewPublisher } = await import('./adapters/postgres/postgres-view-publisher.js');
    const publisher = new PostgresViewPublisher(database2, scene.layer.tools.logger, () => {});
    await publisher.prepare([rated]);
    await publisher.showViews([rated]);
    await database2.end();
    expect((await scene.rows(`SELECT rate::text AS rate ${TOTAL}`))[0]?.['rate']).toBe('9.7500');
    expect(await scene.rows('SELECT * FROM public.m')).toEqual([{ mine: 1 }]);
  });
});

describe('public views of a metric that is no longer defined', () => {
  it('show the last run that knew it while that is kept, and are dropped then', async () => {
    await scene.start([other]);
    for (let n = 2; n < 4; n++) await publishMore(10 * n);
    expect(await linesIn('batch_view.m_daily')).toBe(20);
    await publishMore(40);
    expect((await oids()).map(({ relname }) => relname)).toEqual([
      'other',
      'other_daily',
      'other_hourly',
      'other_total',
    ]);
    expect(
      await scene.rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'tandem' AND tablename ~ '^m_'`),
    ).toEqual([]);
    expect(scene.said).toEqual([]);
  });

  it('stay without rows where something depends on them, and fill again when it comes back', async () => {
    const reader = await scene.role('reader');
    await scene.rows(
      `CREATE VIEW public.mine AS SELECT sum(lines)::int AS lines FROM batch_view.m_daily; GRANT SELECT ON batch_view.m_daily TO ${reader}`,
    );
    await scene.start([other]);
    for (let n = 2; n < 5; n++) await publishMore(10 * n);
    expect(await scene.rows('SELECT lines FROM public.mine')).toEqual([{ lines: null }]);
    expect(scene.said.map(({ facts }) => facts)).toMatchObject([
      { view: 'batch_view.m_daily', dependents: [expect.stringContaining('view')] },
    ]);
    await scene.start([before]);
    await publishMore(50);
    expect(await scene.rows('SELECT lines FROM public.mine')).toEqual([{ lines: 60 }]);
    expect(await scene.rowsAs(reader, 'SELECT sum(lines)::int AS lines FROM batch_view.m_daily')).toEqual([
      { lines: 60 },
    ]);
  });

  it('have no rows after a rollback to a run that does not know it', async () => {
    await scene.start([before, other]);
    await publishMore(20);
    expect(await linesIn('batch_view.other_total')).toBe(30);
    await scene.rollback();
    expect([await linesIn('batch_view.other_total'), await linesIn('batch_view.m_total')]).toEqual([null, 20]);
    await scene.rollback();
    expect(await linesIn('batch_view.m_total')).toBeNull();
  });

  it('leave a table alone that somebody’s own objects read', async () => {
    const [table] = await scene.rows(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tandem' AND tablename ~ '^m_'`,
    );
    await scene.rows(`CREATE VIEW public.mine AS SELECT count(*) FROM tandem.${table?.['name']}`);
    await scene.start([other]);
    for (let n = 2; n < 5; n++) await publishMore(10 * n);
    expect(await scene.rows('SELECT count::int > 0 AS some FROM public.mine')).toEqual([{ some: true }]);
    expect(scene.said.map(({ facts }) => facts)).toMatchObject([
      { table: `tandem.${table?.['name']}`, dependents: [expect.anything()] },
    ]);
  });
});
