import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { withDatabase } from '../testing/log-content.js';
import { ledgerDifferences, wrongAnswers } from '../testing/right-answers.js';
import { sampleEvent } from '../testing/sample-events.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_261_125;
/** Of each partition, when the log's tables are restored alone. */
const KEPT_RECORDS = 5;
const POSTGRES = 'postgres';
const MASTER_DATASET = 'master-dataset';

/** Keeps owners too: Postgres runs on an account of its own. */
const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to]);

/** A backup is a copy of the data folder, made while nothing runs. */
describe('A data folder', () => {
  let scene: FaultScene;
  let sent: number;

  beforeEach(async () => {
    scene = await FaultScene.open(SEED);
    sent = 0;
    await scene.start();
    await ingest(120);
    await scene.client.publish();
    await ingest(60);
  }, 120_000);
  afterEach(async () => {
    await rm(backup(), { recursive: true, force: true });
    await scene.close();
  });

  it('that is restored as a whole answers as it did then, and goes on', async () => {
    const then = await merged();
    await backUp();
    await ingest(200);
    await scene.client.publish();
    await restore(POSTGRES, MASTER_DATASET);
    expect(await merged()).toEqual(then);
    await expectAllRight();
  }, 120_000);

  it('whose Postgres is older than its master dataset answers as it did then, and goes on', async () => {
    const then = await merged();
    await backUp();
    await ingest(200);
    await scene.client.publish();
    await restore(POSTGRES);
    expect(await merged()).toEqual(then);
    await expectAllRight();
  }, 120_000);

  it('whose master dataset is older than its Postgres loses nothing', async () => {
    await backUp();
    await ingest(200);
    await scene.client.publish();
    const now = await merged();
    await restore(MASTER_DATASET);
    expect(await merged()).toEqual(now);
    // A run may first name the file that is missing, before the next one heals it from the log.
    await waitFor(
      'a run to heal the master dataset',
      async () => (await scene.client.run('full')).state === 'published',
    );
    expect(await merged()).toEqual(now);
    await expectAllRight();
  }, 120_000);

  it.each([
    ['shorter', 0],
    ['longer again', 400],
  ])(
    'whose log alone is older is refused, while it is %s than the boundary of the newest run',
    async (_, more) => {
      await ingest(200);
      await scene.client.publish();
      const { batch } = await scene.client.answer('/metrics/revenue?layer=batch');
      await restoreLogAlone(more);
      const answer = () => scene.client.get('/metrics/revenue');
      await waitFor('the log to be refused', async () => (await answer()).text.includes('The log was replaced'));
      expect((await answer()).status).toBe(503);
      expect((await scene.client.get('/ready')).status).toBe(503);
      expect((await scene.client.post('/events', [anEvent()])).status).toBe(503);
      expect(await scene.client.run('full')).toMatchObject({ state: 'failed', error: { code: 'corrupt' } });
      expect((await scene.client.answer('/metrics/revenue?layer=batch')).batch).toEqual(batch);
    },
    120_000,
  );

  async function ingest(count: number): Promise<void> {
    await scene.client.ingest(Array.from({ length: count }, anEvent));
    await scene.client.untilCaughtUp();
  }

  function anEvent() {
    return sampleEvent(scene.random, 'restored', sent++);
  }

  async function merged(): Promise<unknown> {
    await scene.client.untilCaughtUp();
    return (await scene.client.answer('/metrics/revenue')).merged;
  }

  function backup(): string {
    return `${scene.dataFolder}-backup`;
  }

  async function backUp(): Promise<void> {
    await scene.process.stop();
    await scene.end();
    await copy(scene.dataFolder, backup());
    await scene.start();
  }

  async function restore(...parts: readonly string[]): Promise<void> {
    await scene.process.stop();
    await scene.end();
    for (const part of parts) {
      await rm(join(scene.dataFolder, part), { recursive: true });
      await copy(join(backup(), part), join(scene.dataFolder, part));
    }
    await scene.start();
  }

  /** Puts the log's tables back to what they held when they were `KEPT_RECORDS` long, and lets them grow by `more`. */
  async function restoreLogAlone(more: number): Promise<void> {
    await withDatabase(scene.dataFolder, async (client) => {
      await client.query('BEGIN');
      await client.query('DELETE FROM tandem.log_record WHERE "offset" >= $1', [KEPT_RECORDS]);
      await client.query(
        `INSERT INTO tandem.log_record (partition, "offset", key, value)
         SELECT partition, generate_series($1::int, $1::int + $2::int - 1), 'key', 'another record' FROM tandem.log_head`,
        [KEPT_RECORDS, more],
      );
      await client.query('UPDATE tandem.log_head SET next_offset = $1', [KEPT_RECORDS + more]);
      await client.query('COMMIT');
    });
  }

  async function expectAllRight(): Promise<void> {
    await ingest(40);
    expect(await scene.client.publish()).toMatchObject({ state: 'published' });
    expect(await wrongAnswers(scene.client, scene.dataFolder, scene.metrics)).toEqual([]);
    expect(await ledgerDifferences(scene.client)).toEqual([]);
  }
});
