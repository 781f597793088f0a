import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PublicViewScene } from './testing/public-view-scene.js';
import { before, other } from './testing/view-metrics.js';

let scene: PublicViewScene;
beforeEach(async () => {
  scene = await PublicViewScene.openPublished([before]);
});
afterEach(() => scene.close());

describe('public views of a metric that is no longer defined', () => {
  it('show the last run that knew it while that is kept, and are dropped then', async () => {
    await scene.start([other]);
    for (let n = 2; n < 4; n++) await scene.publishMore(10 * n);
    expect(await scene.linesIn('batch_view.m_daily')).toBe(20);
    await scene.publishMore(40);
    expect((await scene.oids()).map(({ relname }) => relname)).toEqual([
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
    for (let n = 2; n < 5; n++) await scene.publishMore(10 * n);
    expect(await scene.rows('SELECT lines FROM public.mine')).toEqual([{ lines: null }]);
    expect(scene.said.map(({ facts }) => facts)).toMatchObject([
      { view: 'batch_view.m_daily', dependents: [expect.stringContaining('view')] },
    ]);
    await scene.start([before]);
    await scene.publishMore(50);
    expect(await scene.rows('SELECT lines FROM public.mine')).toEqual([{ lines: 60 }]);
    expect(await scene.rowsAs(reader, 'SELECT sum(lines)::int AS lines FROM batch_view.m_daily')).toEqual([
      { lines: 60 },
    ]);
  });

  it('have no rows after a rollback to a run that does not know it', async () => {
    await scene.start([before, other]);
    await scene.publishMore(20);
    expect(await scene.linesIn('batch_view.other_total')).toBe(30);
    await scene.rollback();
    expect([await scene.linesIn('batch_view.other_total'), await scene.linesIn('batch_view.m_total')]).toEqual([
      null,
      20,
    ]);
    await scene.rollback();
    expect(await scene.linesIn('batch_view.m_total')).toBeNull();
  });

  it('leave a table alone that somebody’s own objects read', async () => {
    const [table] = await scene.rows(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'tandem' AND tablename ~ '^m_'`,
    );
    await scene.rows(`CREATE VIEW public.mine AS SELECT count(*) FROM tandem.${table?.['name']}`);
    await scene.start([other]);
    for (let n = 2; n < 5; n++) await scene.publishMore(10 * n);
    expect(await scene.rows('SELECT count::int > 0 AS some FROM public.mine')).toEqual([{ some: true }]);
    expect(scene.said.map(({ facts }) => facts)).toMatchObject([
      { table: `tandem.${table?.['name']}`, dependents: [expect.anything()] },
    ]);
  });
});
