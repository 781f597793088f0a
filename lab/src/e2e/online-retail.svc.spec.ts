import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import { SALES_SETS } from '../import/testing/files.js';
import { ProcessesScene } from '../testing/processes-scene.js';
import { ledgerDifferences } from '../testing/right-answers.js';
import { runCommand } from '../testing/run-command.js';
import { wrongSales } from '../testing/sales-oracle.js';
import { waitFor } from '../testing/tandem-process.js';

const TIMEOUT_MS = 240_000;

for (const { name, file, categories, oracle } of SALES_SETS) {
  if (file === undefined || categories === undefined || oracle === undefined) continue;
  describe(`${name}, imported through Kafka into three processes`, () => {
    let scene: ProcessesScene;

    beforeAll(async () => {
      const brokers = testKafkaBrokers().join(',');
      scene = await ProcessesScene.open({ brokers, redisUrl: testRedisUrl(), seed: 1 });
      await scene.startAll();
    }, TIMEOUT_MS);
    afterAll(() => scene?.close(), TIMEOUT_MS);

    it(
      'is answered by the speed layer alone as the oracle says',
      async () => {
        await runCommand('import', [
          'online-retail',
          file,
          '--categories',
          categories,
          '--url',
          scene.client.url,
          '--allow-rejects',
        ]);
        const lag = async () => (await scene.client.answer('/metrics/revenue')).freshness.speed_lag_events;
        await waitFor('the lag to be zero', async () => (await lag()) === 0, TIMEOUT_MS);
        expect((await scene.client.answer('/metrics/revenue')).batch['line_items']).toBe(0);
        expect(await wrongSales(scene.client, oracle, 'merged')).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'is recomputed by the batch layer as the oracle says, to the last digit',
      async () => {
        await scene.client.publish('full');
        expect((await scene.client.answer('/metrics/revenue')).speed['line_items']).toBe(0);
        for (const layer of ['batch', 'merged'] as const) {
          expect(await wrongSales(scene.client, oracle, layer)).toEqual([]);
        }
        expect(await ledgerDifferences(scene.client)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });
}
