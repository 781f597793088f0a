import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { count, defineMetric, publicViewNames, ratio, sum, total } from '@tandem/shared';
import { PublicViewScene } from './testing/public-view-scene.js';
import { ALL_OF_M, before, viewMetric, withOrders, withoutPaid } from './testing/view-metrics.js';

let scene: PublicViewScene;
beforeEach(async () => {
  scene = await PublicViewScene.openPublished([before]);
});
afterEach(() => scene.close());

describe('public views of an unchanged definition', () => {
  it('stay the same views over runs, a rollback and a start, with all that readers made on them', async () => {
    const reader = await scene.role('reader');
    await scene.rows(`GRANT SELECT ON ALL TABLES IN SCHEMA batch_view TO ${reader};
      CREATE VIEW public.mine AS SELECT sum(paid) AS paid FROM batch_view.m_daily;
      CREATE MATERIALIZED VIEW public.kept AS SELECT country, lines FROM batch_view.m_total`);
    const made = await scene.oids();
    for (let n = 0; n < 4; n++) await scene.publishMore(20 + 10 * n);
    await scene.start([before]);
    await scene.publishMore(60);
    await scene.rollback();
    expect(await scene.oids()).toEqual(made);
    await scene.rows('REFRESH MATERIALIZED VIEW public.kept');
    expect(await scene.linesIn('public.kept')).toBe(60);
    for (const view of publicViewNames('m'))
      expect(await scene.rowsAs(reader, `SELECT * FROM batch_view.${view}`)).not.toEqual([]);
    expect(await scene.rows('SELECT paid FROM public.mine')).toEqual(
      await scene.rows('SELECT sum(paid) AS paid FROM batch_view.m_hourly'),
    );
    expect(scene.said).toEqual([]);
  });

  it('make no publication wait for a reader, however long it reads', async () => {
    const reader = await scene.connect();
    await reader.query('BEGIN; SELECT * FROM batch_view.m; SELECT * FROM batch_view.m_daily');
    const began = performance.now();
    await scene.publishMore(20);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(await scene.total()).toBe(30);
  });

  it('are made again where somebody dropped them, at the next run', async () => {
    await scene.rows('DROP VIEW batch_view.m_daily; DROP VIEW batch_view.m');
    await scene.publishMore(20);
    expect([await scene.total(), await scene.linesIn('batch_view.m_daily')]).toEqual([30, 30]);
  });
});

describe('public views of a changed definition', () => {
  it('show the old rows until a run with the new one is published, and after a rollback to one with the old', async () => {
    await scene.start([withOrders]);
    expect([await scene.total(), await scene.linesIn('batch_view.m_total')]).toEqual([20, 20]);
    await scene.publishMore(20);
    expect(await scene.rows(`SELECT lines::int, orders::int ${ALL_OF_M}`)).toEqual([{ lines: 30, orders: 15 }]);
    await scene.rollback();
    expect([
      await scene.total(),
      await scene.linesIn('batch_view.m_total'),
      await scene.linesIn('batch_view.m_hourly'),
    ]).toEqual([20, 20, 20]);
    await scene.publishMore(30);
    expect(await scene.rows(`SELECT lines::int, orders::int ${ALL_OF_M}`)).toEqual([{ lines: 40, orders: 20 }]);
    expect(scene.said).toEqual([]);
  });

  it('get added columns in place, so that what readers made on them goes on', async () => {
    const made = await scene.oids();
    await scene.rows(`CREATE VIEW public.mine AS SELECT * FROM batch_view.m_daily;
      ALTER VIEW batch_view.m SET (security_barrier = true)`);
    const options = `SELECT reloptions FROM pg_class WHERE oid = 'batch_view.m'::regclass`;
    await scene.start([withOrders]);
    await scene.publishMore(20);
    expect(await scene.oids()).toEqual(made);
    expect(await scene.linesIn('public.mine')).toBe(30);
    expect(await scene.rows(options)).toEqual([{ reloptions: ['security_barrier=true'] }]);
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
    const made = await scene.oids();
    await scene.start([withoutPaid]);
    await scene.publishMore(20);
    expect(await scene.oids()).not.toEqual(made);
    expect([await rights('m_hourly'), await rights('m_daily'), await rights('m_total'), await rights('m')]).toEqual(
      had,
    );
    expect(await scene.columns('m_total')).toEqual(['country', 'lines']);
    expect(await scene.rowsAs(reader, 'SELECT country, lines FROM batch_view.m')).not.toEqual([]);
    await expect(scene.rowsAs(reader, 'SELECT grain FROM batch_view.m')).rejects.toThrow('permission denied');
    await expect(scene.rowsAs(third, 'SELECT * FROM batch_view.m_hourly')).rejects.toThrow('permission denied');
    expect(await scene.linesIn('batch_view.m_hourly')).toBe(30);
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
      await scene.publishMore(20);
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
      await scene.publishMore(30);
      expect((await scene.rows('SELECT sum(paid)::text AS paid FROM batch_view.m_daily'))[0]?.['paid']).not.toBeNull();
      expect(scene.said).toHaveLength(1);
    },
  );

  it('keep the type of a column that something depends on: a count as a number of that type, others as nulls', async () => {
    const retyped = defineMetric({
      ...viewMetric,
      measures: { lines: sum('amount', ['order_placed']), paid: count(['order_placed']) },
      derived: { net: ratio('paid', 'paid') },
    });
    await scene.rows('CREATE VIEW public.mine AS SELECT lines, paid, net FROM batch_view.m_total');
    await scene.start([retyped]);
    await scene.publishMore(20);
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
    await scene.publishMore(20);
    expect(await scene.columns('m')).toContain('paid');
    await scene.rows('DROP VIEW public.mine');
    await scene.start([defineMetric({ ...withoutPaid, derived: { twice: total(['lines', 'lines']) } })]);
    expect(await scene.columns('m')).toEqual(['grain', 'bucket', 'grouping', 'country', 'lines', 'twice']);
    expect(await scene.total()).toBe(20 + 10);
  });
});
