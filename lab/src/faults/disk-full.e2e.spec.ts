import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { sampleEvent } from '../testing/sample-events.js';
import { canMount, forbidWriting, mountSmallDisk, type SmallDisk } from '../testing/small-disk.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_111;
const TIMEOUT_MS = 180_000;
const mayMount = await canMount();

const DISK_MB = 192;
const MASTER_DATASET_MB = 16;
const REFUSALS = 5;
/** Holds a segment of the write-ahead log, which takes 16 MB, but not the log of the events below. */
const LARGEST_FILE_BLOCKS = (16 * 1024 * 1024) / 512;
const MOST_REQUESTS = 200;
const EVENTS_PER_REQUEST = 2_000;

describe('When nothing more can be written', () => {
  let scene: FaultScene;
  let disk: SmallDisk | undefined;

  beforeEach(async () => {
    scene = await FaultScene.open(SEED);
    disk = undefined;
  });
  afterEach(async () => {
    await disk?.free().catch(() => {});
    await scene.end();
    await disk?.remove();
    await scene.close();
  }, TIMEOUT_MS);

  it(
    'because files must not grow, ingest acknowledges nothing that it has not stored, and goes on when they may',
    async () => {
      // Everything that it starts inherits the limit, the database too.
      await scene.start({ wrapper: ['sh', '-c', `ulimit -f ${LARGEST_FILE_BLOCKS}; exec "$@"`, 'sh'] });
      await ingest(100);
      await scene.client.publish();
      expect(await ingestUntilRefused()).toBeGreaterThanOrEqual(REFUSALS);
      await scene.kill();

      await scene.start();
      expect(await scene.faults()).toEqual([]);
      expect(await ingest(100)).toBe(202);
      await scene.client.publish();
      expect(await scene.faults()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  // An ordinary user cannot mount; then the test above stands for this one.
  if (mayMount) {
    it(
      'because the disk is full, ingest acknowledges nothing that it has not stored, and goes on when there is room',
      async () => {
        disk = await mountSmallDisk(scene.dataFolder, DISK_MB);
        await scene.start();
        await ingest(500);
        await scene.client.publish();
        await disk.fill();
        expect(await ingestUntilRefused()).toBeGreaterThanOrEqual(REFUSALS);
        const asked = await scene.client.post('/batch/runs').catch(() => undefined);
        expect([202, 409, 503, undefined]).toContain(asked?.status);
        await disk.free();

        await restartIfEnded();
        await waitFor('ingest to be acknowledged again', async () => (await ingest(10)) === 202);
        await scene.process.untilReady();
        expect(await scene.faults()).toEqual([]);
        await scene.client.publish();
        expect(await scene.faults()).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }

  it(
    `in the master dataset${mayMount ? ', on a disk of its own' : ''}, a run fails and says so; the next one is right`,
    async () => {
      const folder = join(scene.dataFolder, 'master-dataset');
      disk = mayMount ? await mountSmallDisk(folder, MASTER_DATASET_MB) : await forbidWriting(folder);
      await scene.start();
      await ingest(500);
      await scene.client.publish();
      const before = await scene.client.answer('/metrics/revenue');
      await ingest(500);
      await disk.fill();
      for (const mode of ['incremental', 'full'] as const) {
        const run = await scene.client.run(mode);
        expect(run).toMatchObject({ state: 'failed' });
        expect(run.error?.message).toMatch(/space|ENOSPC|EACCES|permission/i);
      }
      // Everything but the run goes on.
      expect(await ingest(100)).toBe(202);
      expect(await scene.faults()).toEqual([]);
      expect((await scene.client.answer('/metrics/revenue')).batch).toEqual(before.batch);
      await disk.free();
      await scene.client.publish();
      expect(await scene.faults()).toEqual([]);
      await scene.client.publish('full');
      expect(await scene.faults()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  /** Sends events; returns the status, or undefined when no answer came. */
  async function ingest(count: number): Promise<number | undefined> {
    const events = Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'disk', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
    const lines = events.map((event) => JSON.stringify(event)).join('\n');
    const sending = scene.client.send('POST', '/events', lines, 'application/x-ndjson');
    const reply = await sending.catch(() => undefined);
    if (reply?.status === 202) scene.sent.acknowledge(events);
    return reply?.status;
  }

  /** Sends until several requests were not acknowledged; returns how many. */
  async function ingestUntilRefused(): Promise<number> {
    let refused = 0;
    for (let request = 0; request < MOST_REQUESTS && refused < REFUSALS; request++) {
      if ((await ingest(EVENTS_PER_REQUEST)) !== 202) refused++;
    }
    return refused;
  }

  /** A process that cannot go on without its database may end; then it says so by its exit code, and whoever watches it starts it again. */
  async function restartIfEnded(): Promise<void> {
    if (!scene.process.ending) return;
    expect(scene.process.ending.code).not.toBe(0);
    await scene.start();
  }
});
