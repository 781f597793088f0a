import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SALES_SETS } from '../import/testing/files.js';
import { ledgerDifferences } from '../testing/right-answers.js';
import { runCommand } from '../testing/run-command.js';
import { wrongSales } from '../testing/sales-oracle.js';
import { TandemClient } from '../testing/tandem-client.js';
import { newDataFolder, removeDataFolder, startTandem, type TandemProcess } from '../testing/tandem-process.js';

const TIMEOUT_MS = 240_000;

for (const { name, file, categories, oracle } of SALES_SETS) {
  if (file === undefined || categories === undefined || oracle === undefined) continue;
  describe(`${name}, imported into a running Tandem`, () => {
    let dataFolder: string;
    let tandem: TandemProcess;
    let client: TandemClient;
    const importAll = () =>
      runCommand('import', ['online-retail', file, '--categories', categories, '--url', tandem.url, '--allow-rejects']);

    beforeAll(async () => {
      dataFolder = await newDataFolder();
      tandem = await startTandem({ dataFolder });
      client = new TandemClient(tandem.url);
    }, TIMEOUT_MS);
    afterAll(async () => {
      await tandem?.stop();
      await removeDataFolder(dataFolder);
    }, TIMEOUT_MS);

    it(
      'is answered by the speed layer alone as the oracle says',
      async () => {
        await importAll();
        await client.untilCaughtUp();
        expect((await client.answer('/metrics/revenue')).batch['line_items']).toBe(0);
        expect(await wrongSales(client, oracle, 'merged')).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'is answered by the batch layer as the oracle says, to the last digit',
      async () => {
        await client.publish();
        expect((await client.answer('/metrics/revenue')).speed['line_items']).toBe(0);
        expect(await wrongSales(client, oracle, 'batch')).toEqual([]);
        expect(await wrongSales(client, oracle, 'merged')).toEqual([]);
        expect(await ledgerDifferences(client)).toEqual([]);
      },
      TIMEOUT_MS,
    );

    it(
      'is not changed by importing it again',
      async () => {
        await importAll();
        await client.untilCaughtUp();
        expect(await wrongSales(client, oracle, 'merged')).toEqual([]);
        await client.publish();
        expect(await wrongSales(client, oracle, 'batch')).toEqual([]);
        expect(await wrongSales(client, oracle, 'merged')).toEqual([]);
        expect(await ledgerDifferences(client)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });
}
