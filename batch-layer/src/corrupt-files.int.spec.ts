import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PostgresCatalog } from './adapters/postgres/postgres-catalog.js';
import { orderLines } from './testing/sample-records.js';
import { PARTITIONS, TestBatchLayer } from './testing/test-batch-layer.js';
import { currentRows } from './testing/view-rows.js';

type Damage = (file: string, other: string) => Promise<void>;

const DAMAGES: Readonly<Record<string, Damage>> = {
  'one flipped bit': async (file) => {
    const bytes = await readFile(file);
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(file, bytes);
  },
  'a cut-off end': (file) => truncate(file, 200),
  'no bytes': (file) => truncate(file, 0),
  'no file': (file) => rm(file),
  'another file’s bytes': (file, other) => copyFile(other, file),
};

describe('a corrupt file of the master dataset', () => {
  let layer: TestBatchLayer;

  beforeEach(async () => {
    layer = await TestBatchLayer.open();
    layer.append(orderLines(60, { partitions: PARTITIONS }));
    await layer.publish();
  });
  afterEach(() => layer.close());

  const rows = () => Promise.all(layer.metrics.map((metric) => currentRows(layer.database, metric)));

  it.each(Object.entries(DAMAGES))(
    'with %s fails the run by name, leaves the view, and is healed by the next',
    async (_, damage) => {
      const catalog = new PostgresCatalog(layer.database);
      const before = await rows();
      const files = await catalog.files();
      const [file, other] = [files.at(-1), files[0]];
      const path = file?.path ?? '';
      await damage(join(layer.folder, path), join(layer.folder, other?.path ?? ''));

      const failed = await layer.run('full');
      expect(failed).toMatchObject({ state: 'failed', error: { code: 'corrupt' } });
      expect(failed.error?.message).toContain(path);
      expect((await layer.runs.current()).id).toBe(1);
      expect(await rows()).toEqual(before);

      const healed = await layer.publish('full');
      expect(healed.rowsRead).toBe(60);
      expect(await rows()).toEqual(before);
      const paths = (await catalog.files()).map((found) => found.path);
      expect(paths).not.toContain(path);
      expect(await catalog.corruptPaths()).toEqual([]);
    },
  );

  it('is found by an incremental run too, when that looks through the days it takes over', async () => {
    const [file] = await new PostgresCatalog(layer.database).files();
    await rm(join(layer.folder, file?.path ?? ''));
    layer.append(orderLines(3, { from: 60, days: 1, partitions: PARTITIONS }));
    expect((await layer.run()).error?.code).toBe('corrupt');
    await layer.publish();
  });

  it('that the log cannot fill again is not taken for healed', async () => {
    const catalog = new PostgresCatalog(layer.database);
    const [file] = await catalog.files();
    await catalog.markCorrupt(file?.path ?? '');
    await layer.database.query('UPDATE tandem.archive_file SET row_count = row_count + 1');
    expect((await layer.run()).error).toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining(file?.path ?? '-'),
    });
  });
});
