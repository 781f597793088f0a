import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { FaultScene } from '../testing/fault-scene.js';
import { withDatabase } from '../testing/log-content.js';
import { overlaps } from '../testing/run-history.js';
import { sampleEvent } from '../testing/sample-events.js';
import { databaseUrlOf, type RunningProgram, startBatchProcess, waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_106;
const TRIGGERS = 50;
const RUNS = 8;
/** Short, as a lab that is frozen while it still holds the lease keeps it for so long. */
const SETTINGS = { BATCH_LEASE_MS: '5000' };

describe('Batch runs that several want at once', () => {
  let scene: FaultScene;
  let second: RunningProgram;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    await scene.start({ settings: SETTINGS });
    await ingest(300);
  }, 180_000);
  afterAll(async () => {
    second?.signal('SIGCONT');
    await second?.kill();
    await scene.close();
  });

  it('are one run when 50 ask at the same time, and 49 are told its number', async () => {
    const replies = await withDatabase(scene.dataFolder, async (database) => {
      // Nobody can take the lease until all have asked: so the run cannot be over before.
      await database.query('BEGIN');
      await database.query('SELECT FROM tandem.batch_lease FOR UPDATE');
      const all = await Promise.all(Array.from({ length: TRIGGERS }, () => scene.client.post('/batch/runs')));
      await database.query('ROLLBACK');
      return all;
    });
    const [accepted, ...others] = replies.toSorted((a, b) => a.status - b.status);
    const id = (accepted?.body as { id: number } | undefined)?.id ?? 0;
    expect(accepted?.status).toBe(202);
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 409));
    for (const { body } of others) expect(body).toMatchObject({ status: 409, id });
    expect((await scene.client.runOver(id)).state).toBe('published');
    expect((await scene.client.runs()).length).toBe(1);
  }, 180_000);

  it('are served by either of two batch processes', async () => {
    second = await startBatchProcess(scene.dataFolder, SETTINGS);
    scene.process.signal('SIGSTOP');
    const bySecond = await requestDirectly();
    await waitFor('the second process to publish a run', async () => (await stateOf(bySecond)) === 'published');
    scene.process.signal('SIGCONT');

    second.signal('SIGSTOP');
    await scene.client.publish();
    second.signal('SIGCONT');
    expect(await scene.faults()).toEqual([]);
  }, 180_000);

  it('never overlap', async () => {
    for (let run = 0; run < RUNS; run++) {
      await ingest(50);
      await scene.client.publish(run % 2 ? 'incremental' : 'full');
    }
    expect((await scene.client.runs()).length).toBeGreaterThan(RUNS);
    expect(await overlaps(await databaseUrlOf(scene.dataFolder))).toEqual([]);
    expect(await scene.faults()).toEqual([]);
  }, 180_000);

  it('cannot be published by a holder that was frozen until its lease had expired', async () => {
    await ingest(100);
    const frozen = await withDatabase(scene.dataFolder, async (database) => {
      // The run stops at the catalog, in the hands of the second process.
      await database.query('BEGIN');
      await database.query('LOCK TABLE tandem.archive_position IN ACCESS EXCLUSIVE MODE');
      scene.process.signal('SIGSTOP');
      const id = await requestDirectly();
      await waitFor('the second process to archive', async () => (await stateOf(id)) === 'archiving');
      second.signal('SIGSTOP');
      await database.query('ROLLBACK');
      return id;
    });
    // As if the time of the lease had passed on the clock of the database.
    await inDatabase((database) => database.query(`UPDATE tandem.batch_lease SET expires_at = clock_timestamp()`));
    scene.process.signal('SIGCONT');

    expect(await scene.client.runOver(frozen)).toMatchObject({ state: 'failed' });
    const mine = await scene.client.publish();
    second.signal('SIGCONT');
    await ingest(100);
    const next = await scene.client.publish();
    expect(next.id).toBeGreaterThan(mine.id);
    expect(await scene.client.body(`/batch/runs/${frozen}`)).toMatchObject({ state: 'failed' });
    expect(await scene.faults()).toEqual([]);
  }, 180_000);

  it('go on when one of two batch processes is killed in the middle of a run', async () => {
    await ingest(100);
    const killed = await withDatabase(scene.dataFolder, async (database) => {
      await database.query('BEGIN');
      await database.query('LOCK TABLE tandem.archive_position IN ACCESS EXCLUSIVE MODE');
      scene.process.signal('SIGSTOP');
      const id = await requestDirectly();
      await waitFor('the second process to archive', async () => (await stateOf(id)) === 'archiving');
      await second.kill();
      await database.query('ROLLBACK');
      return id;
    });
    scene.process.signal('SIGCONT');
    expect(await scene.client.runOver(killed)).toMatchObject({ state: 'failed' });
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
  }, 180_000);

  async function ingest(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'lease', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
    await scene.client.ingest(events);
    scene.sent.acknowledge(events);
  }

  /** Asks for a run as RunStore does, while the lab is frozen. */
  async function requestDirectly(): Promise<number> {
    const { rows } = await inDatabase((database) =>
      database.query<{ id: string }>(
        `WITH requested AS (INSERT INTO tandem.batch_run (mode, trigger) VALUES ('incremental', 'manual') RETURNING id)
         SELECT id, pg_notify('batch_run', id::text) FROM requested`,
      ),
    );
    return Number(rows[0]?.id);
  }

  async function stateOf(run: number): Promise<string | undefined> {
    const { rows } = await inDatabase((database) =>
      database.query<{ state: string }>('SELECT state FROM tandem.batch_run WHERE id = $1', [run]),
    );
    return rows[0]?.state;
  }

  function inDatabase<Result>(work: (database: pg.Client) => Promise<Result>): Promise<Result> {
    return withDatabase(scene.dataFolder, work);
  }
});
