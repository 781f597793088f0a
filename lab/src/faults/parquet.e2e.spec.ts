import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { withDatabase } from '../testing/log-content.js';
import type { Random } from '../testing/random.js';
import { sampleEvent } from '../testing/sample-events.js';

const SEED = 20_260_108;
const CHUNKS = 3;
/** A corrupt file may fail one run, which names it; the next one heals. */
const RUNS_UNTIL_HEALED = 3;

type Damage = (path: string, other: string, random: Random) => Promise<void>;

const DAMAGES: readonly (readonly [string, Damage])[] = [
  ...Array.from({ length: 3 }, (_, bit) => [`one bit flipped (${bit + 1})`, flipBit] as const),
  ['truncated by one byte', async (path) => truncate(path, (await stat(path)).size - 1)],
  ['emptied', (path) => truncate(path, 0)],
  ['deleted', (path) => rm(path)],
  ['followed by a byte', async (path) => writeFile(path, Buffer.concat([await readFile(path), Buffer.from([0])]))],
  ['exchanged with another file', exchange],
  ['deleted together with another file', async (path, other) => Promise.all([rm(path), rm(other)]).then(() => {})],
  ['no Parquet', (path) => writeFile(path, 'no Parquet')],
];

describe('A file of the master dataset that was damaged', () => {
  let scene: FaultScene;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    await scene.start();
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      await ingestMore(200);
      await scene.client.publish();
    }
    expect(await scene.faults()).toEqual([]);
  }, 180_000);
  afterAll(() => scene.close());

  it.each(DAMAGES)(
    'is named by the run or healed, and never changes a number: %s',
    async (_, damage) => {
      // Two files of one day: both lie in the same folder and stand for the same day.
      const [path, other] = await twoFilesOfADay();
      const absolute = (name: string) => join(scene.dataFolder, 'master-dataset', name);
      await damage(absolute(path), absolute(other), scene.random);
      const before = await scene.client.answer('/metrics/revenue');

      for (let attempt = 1; ; attempt++) {
        const run = await scene.client.run('full');
        if (run.state === 'published') break;
        expect(run.error?.message).toMatch(new RegExp(`${escaped(path)}|${escaped(other)}`));
        const now = await scene.client.answer('/metrics/revenue');
        expect(now).toMatchObject({
          batch: before.batch,
          merged: before.merged,
          boundary: { run: before.boundary.run },
        });
        expect(attempt).toBeLessThan(RUNS_UNTIL_HEALED);
      }
      expect(await scene.faults()).toEqual([]);
      await ingestMore(20);
      await scene.client.publish();
      expect(await scene.faults()).toEqual([]);
    },
    180_000,
  );

  it('is ignored when it is not in the catalog', async () => {
    const [path] = await twoFilesOfADay();
    const folder = join(scene.dataFolder, 'master-dataset', path, '..');
    await writeFile(join(folder, 'stray.parquet'), 'no Parquet');
    await writeFile(join(folder, 'copy.parquet'), await readFile(join(scene.dataFolder, 'master-dataset', path)));
    await scene.client.publish('full');
    expect(await scene.faults()).toEqual([]);
  }, 180_000);

  async function ingestMore(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'parquet', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
    await scene.client.ingest(events);
    scene.sent.acknowledge(events);
  }

  async function twoFilesOfADay(): Promise<readonly [string, string]> {
    const days = await withDatabase(scene.dataFolder, async (database) => {
      const { rows } = await database.query<{ paths: string[] }>(
        'SELECT array_agg(path ORDER BY path) AS paths FROM tandem.archive_file GROUP BY day HAVING count(*) > 1',
      );
      return rows;
    });
    const paths = [...scene.random.pick(days).paths];
    const [first = ''] = paths.splice(scene.random.below(paths.length), 1);
    return [first, scene.random.pick(paths)];
  }
});

async function flipBit(path: string, _: string, random: Random): Promise<void> {
  const bytes = await readFile(path);
  const at = random.below(bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
  await writeFile(path, bytes);
}

async function exchange(path: string, other: string): Promise<void> {
  const [bytes, others] = [await readFile(path), await readFile(other)];
  await writeFile(path, others);
  await writeFile(other, bytes);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
