import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PublicViewScene } from './testing/public-view-scene.js';
import { orderLines } from './testing/sample-records.js';
import { PARTITIONS } from './testing/test-batch-layer.js';
import { ALL_OF_M, before, other, withoutPaid } from './testing/view-metrics.js';

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
    expect(await scene.columns('m_hourly')).toEqual(['bucket', 'country', 'lines']);
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
