import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { defineMetric, type Metric, ratio } from '@tandem/shared';
import { openDatabase } from '@tandem/shared/adapters/postgres/database';
import { migrate } from '@tandem/shared/adapters/postgres/migrate';
import { PostgresViewPublisher } from './adapters/postgres/postgres-view-publisher.js';
import { oldPublicViewSql, PublicViewScene } from './testing/public-view-scene.js';
import { PARTITIONS } from './testing/test-batch-layer.js';
import { ALL_OF_M, before, other, viewMetric, withOrders, withoutPaid } from './testing/view-metrics.js';

let scene: PublicViewScene;
beforeEach(async () => {
  scene = await PublicViewScene.openPublished([before]);
});
afterEach(() => scene.close());

describe('public views made by version 0.1', () => {
  const OLD_COLUMNS = `r."country", r."lines", (r."paid"::numeric / 10000)::numeric(30, 4) AS "paid", (0 + (r."paid"::numeric / 10000)::numeric(30, 4)) AS "net"`;

  /** As that version left the database. */
  const makeOld = async (metric: Metric) => {
    for (const view of ['m_hourly', 'm_daily', 'm_total', 'm']) await scene.rows(`DROP VIEW batch_view.${view}`);
    await scene.rows('DROP TABLE tandem.public_view, tandem.view_definition');
    await scene.rows(oldPublicViewSql(metric, OLD_COLUMNS));
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
    const seen = () => scene.rowsAs(reader, `SELECT lines::int ${ALL_OF_M}`);
    await scene.start([metric]);
    expect(await seen()).toEqual([{ lines: 20 }]);
    expect(await scene.linesIn('batch_view.m_total')).toBe(20);
    await scene.publishMore(20);
    expect(await seen()).toEqual([{ lines: 30 }]);
    expect(await scene.rowsAs(reader, 'SELECT sum(lines)::int AS lines FROM batch_view.m_daily')).toEqual([
      { lines: 30 },
    ]);
    await scene.rollback();
    expect(await seen()).toEqual([{ lines: 20 }]);
    expect(await scene.linesIn('public.mine')).toBe(
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
    await scene.publishMore(20);
    expect(await scene.columns('other_daily')).toEqual(had);
    expect(await scene.linesIn('batch_view.other_hourly')).toBe(30);
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
    const rated = defineMetric({ ...viewMetric, derived: { rate: ratio('paid', 'lines') } });
    const options = {
      url: scene.layer.url,
      name: 'test',
      maxConnections: 1,
      statementTimeoutMs: 0,
      onConnectionLost: () => {},
    };
    const database2 = openDatabase(options);
    const publisher = new PostgresViewPublisher(database2, scene.layer.tools.logger, () => {});
    await publisher.prepare([rated]);
    await publisher.showViews([rated]);
    await database2.end();
    expect((await scene.rows(`SELECT rate::text AS rate ${ALL_OF_M}`))[0]?.['rate']).toBe('9.7500');
    expect(await scene.rows('SELECT * FROM public.m')).toEqual([{ mine: 1 }]);
  });
});
