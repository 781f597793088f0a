import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { PublicViewScene } from './testing/public-view-scene.js';
import { orderLines } from './testing/sample-records.js';
import { PARTITIONS } from './testing/test-batch-layer.js';
import { ALL_OF_M, before, other, withOrders, withoutPaid } from './testing/view-metrics.js';

let scene: PublicViewScene;
beforeEach(async () => {
  scene = await PublicViewScene.openPublished([before]);
});
afterEach(() => scene.close());

describe('public views that a reader holds while they are to get another definition', () => {
  it('hold up a publication for a second at most, go on showing the old rows, and change when the reader lets go', async () => {
    await scene.start([withoutPaid, other]);
    const reader = await scene.connect();
    await reader.query('BEGIN; SELECT * FROM batch_view.m_hourly');
    scene.layer.append(orderLines(10, { from: 20, partitions: PARTITIONS }));
    const run = await scene.layer.get(await scene.publish());
    expect(run.durationsMs.publishing).toBeGreaterThan(800);
    expect(run.durationsMs.publishing).toBeLessThan(2_000);
    expect(await scene.total()).toBe(20);
    expect(await scene.linesIn('batch_view.other_daily')).toBe(30);
    for (let n = 3; n < 7; n++) await scene.publishMore(10 * n);
    expect([await scene.total(), await scene.linesIn('batch_view.m_daily')]).toEqual([20, 20]);
    expect(scene.said).toEqual([{ facts: { metric: 'm' }, message: expect.stringContaining('until it lets go') }]);
    await reader.query('COMMIT');
    await scene.attend();
    expect([await scene.total(), await scene.linesIn('batch_view.m_daily')]).toEqual([70, 70]);
    expect(await scene.columns('m_hourly')).toEqual(['bucket', 'day', 'country', 'lines']);
  });

  it('hold up a rollback for a second at most, and change afterwards', async () => {
    await scene.start([withoutPaid]);
    await scene.publishMore(20);
    const reader = await scene.connect();
    await reader.query('BEGIN; SELECT * FROM batch_view.m');
    const began = performance.now();
    expect((await scene.rollback()).id).toBe(1);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await scene.total()).toBe(30);
    expect(scene.said.map(({ facts }) => facts)).toEqual([{ metric: 'm' }]);
    await reader.query('COMMIT');
    await scene.attend();
    expect(await scene.rows(`SELECT lines::int, paid IS NOT NULL AS paid ${ALL_OF_M}`)).toEqual([
      { lines: 20, paid: true },
    ]);
  });
});

describe('public views of a layer whose role is no superuser', () => {
  it('are swapped, with what others were granted, and what those granted on', async () => {
    const [owner, lender, third] = [await scene.role('owner'), await scene.role('lender'), await scene.role('third')];
    await scene.workAs(owner);
    await scene.rows(`GRANT SELECT ON batch_view.m_daily TO ${lender} WITH GRANT OPTION;
      SET ROLE ${lender}; GRANT SELECT ON batch_view.m_daily TO ${third}; RESET ROLE`);
    await scene.start([withoutPaid]);
    await scene.publishMore(20);
    expect(await scene.columns('m_daily')).toEqual(['bucket', 'day', 'country', 'lines']);
    expect(await scene.rowsAs(third, 'SELECT sum(lines)::int AS lines FROM batch_view.m_daily')).toEqual([
      { lines: 30 },
    ]);
    await scene.rowsAs(lender, `GRANT SELECT ON batch_view.m_daily TO ${owner}`);
    expect(scene.said).toEqual([]);
  });

  it('stay as they are where another role has been made their owner: runs are published, and the log says why', async () => {
    const [owner, stranger] = [await scene.role('owner'), await scene.role('stranger')];
    await scene.workAs(owner);
    await scene.rows(`GRANT CREATE ON SCHEMA batch_view TO ${stranger}; ALTER VIEW batch_view.m OWNER TO ${stranger};
      GRANT USAGE ON SCHEMA tandem TO ${stranger}; GRANT SELECT ON ALL TABLES IN SCHEMA tandem TO ${stranger}`);
    await scene.start([withoutPaid, other]);
    for (let n = 2; n < 7; n++) await scene.publishMore(10 * n);
    expect([await scene.total(), await scene.linesIn('batch_view.m_daily')]).toEqual([20, 20]);
    expect(await scene.linesIn('batch_view.other_daily')).toBe(70);
    expect(scene.said.map(({ facts }) => facts)).toEqual([{ metric: 'm', error: expect.any(String) }]);
    await scene.rows(`ALTER VIEW batch_view.m OWNER TO ${owner}`);
    await scene.attend();
    expect([await scene.total(), await scene.linesIn('batch_view.m_daily')]).toEqual([70, 70]);
  });
});

describe('a reader', () => {
  it('that waits for a view while we wait for another of its metric is answered, and is not the one who fails', async () => {
    await scene.start([withoutPaid]);
    const reader = await scene.connect();
    await reader.query(`SET deadlock_timeout = '1s'; BEGIN; SELECT * FROM batch_view.m_total`);
    scene.layer.append(orderLines(10, { from: 20, partitions: PARTITIONS }));
    const published = scene.publish();
    const asked = waiting(scene.layer.database).then(() => reader.query('SELECT count(*)::int AS n FROM batch_view.m'));
    await published;
    expect((await asked).rows).toEqual([{ n: expect.any(Number) }]);
    await reader.query('COMMIT');
    await scene.attend();
    expect(await scene.total()).toBe(30);
  });

  it('never finds a view missing or empty, whatever definitions come and go', async () => {
    const reader = await scene.connect();
    const seen = new Set<unknown>();
    let isOver = false;
    const reading = (async () => {
      while (!isOver) {
        const { rows } = await reader.query(`SELECT lines::int AS lines ${ALL_OF_M}`);
        seen.add(rows[0]?.lines);
        await sleep(1);
      }
    })();
    await scene.start([withoutPaid]);
    await scene.publishMore(20);
    await scene.rollback();
    await scene.start([withOrders]);
    await scene.publishMore(30);
    isOver = true;
    await reading;
    expect([...seen].sort()).toEqual([20, 30, 40]);
  });
});

/** Resolves when somebody waits for a lock. */
async function waiting(database: Database): Promise<void> {
  for (;;) {
    const { rowCount } = await database.query(
      `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    );
    if (rowCount) return;
    await sleep(5);
  }
}
