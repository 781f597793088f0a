import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Checkpoint } from '@tandem/batch-layer/checkpoint';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import { runCrashedAt, runUntil } from '../testing/cut-off-runs.js';
import { amidLoad } from '../testing/load.js';
import { withDatabaseAt } from '../testing/log-content.js';
import { PostgresProxy } from '../testing/postgres-proxy.js';
import { ProcessesScene } from '../testing/processes-scene.js';
import { endingsSaid, overlaps } from '../testing/run-history.js';
import type { Reply } from '../testing/tandem-client.js';
import { type RunningProgram, waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_211;
const TRIGGERS = 50;
const RUNS = 4;
const LEASE_MS = 3_000;
const NAMES = ['first', 'second'] as const;
type Name = (typeof NAMES)[number];

/** Statements before which a process may be frozen: each is refused to who has lost the lease. */
const FREEZES: readonly (readonly [string, RegExp])[] = [
  ['archives', /^INSERT INTO tandem\.archive_stretch/],
  ['publishes', /^COPY tandem\.day_tally/],
];

/** Some steps of a run; every-step.soak.spec.ts takes every one. */
const CRASHES: readonly Checkpoint[] = ['chunk-committed', 'publish-before-commit'];

describe('Two batch processes over real services', () => {
  let scene: ProcessesScene;
  let proxies: Readonly<Record<Name, PostgresProxy>>;

  beforeAll(async () => {
    // Several chunks to a run, so that one can be cut off between them.
    const settings = { BATCH_LEASE_MS: String(LEASE_MS), BATCH_CHUNK_RECORDS: '200' };
    const services = { brokers: testKafkaBrokers().join(','), redisUrl: testRedisUrl() };
    scene = await ProcessesScene.open({ ...services, seed: SEED, settings });
    const startProxy = () => PostgresProxy.start(scene.databaseUrl);
    proxies = { first: await startProxy(), second: await startProxy() };
    for (const name of NAMES) await startBatch(name);
    await scene.start('speed-layer');
    await scene.start('serving-layer');
    await scene.untilReady();
  }, 180_000);
  afterAll(async () => {
    await scene?.close();
    for (const proxy of Object.values(proxies ?? {})) await proxy.stop();
  }, 60_000);

  it('make one run of 50 requests at the same time, and tell the others its number', async () => {
    await loaded('triggers', async () => {
      const [accepted, ...others] = (await askAtOnce()).toSorted((a, b) => a.status - b.status);
      const id = (accepted?.body as { id: number } | undefined)?.id ?? 0;
      expect(accepted?.status).toBe(202);
      expect(others.map(({ status }) => status)).toEqual(others.map(() => 409));
      for (const { body } of others) expect(body).toMatchObject({ status: 409, id });
      expect((await scene.client.runOver(id)).state).toBe('published');
      expect((await scene.client.runs()).map((run) => run.id)).toEqual([id]);
    });
    await expectAllRight();
  }, 120_000);

  it('take turns with runs that never overlap, and each run is done by one of them', async () => {
    await loaded('turns', async () => {
      for (let run = 0; run < RUNS; run++) await scene.client.publish(run % 2 ? 'incremental' : 'full');
    });
    for (const { id } of await scene.client.runs()) {
      const said = () => NAMES.flatMap((name) => endingsSaid(scene.program(name), id));
      await waitFor(`the end of run ${id}`, () => said().length > 0);
      expect({ id, said: said() }).toEqual({ id, said: ['run published'] });
    }
    await expectAllRight();
  }, 120_000);

  it('go on when the one that is at it is killed: its run is failed by the other, which publishes the next', async () => {
    await loaded('killed', async () => {
      const { run, holder, other } = await cutOffAt(/^INSERT INTO tandem\.archive_stretch/);
      await scene.program(holder).kill();
      expect(await scene.client.runOver(run)).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
      const next = await scene.client.publish();
      await waitFor('the other to say so', () => endingsSaid(scene.program(other), next.id).length > 0);
      expect(endingsSaid(scene.program(other), next.id)).toEqual(['run published']);
      await startBatch(holder);
    });
    await expectAllRight();
  }, 120_000);

  it.each(FREEZES)(
    'publish nothing from one that was frozen past its lease while it %s',
    async (_, step) => {
      await loaded('frozen', async () => {
        const { run, holder, held } = await cutOffAt(step);
        const frozen = scene.program(holder);
        frozen.signal('SIGSTOP');
        const interrupted = scene.client.runOver(run).finally(() => {
          held.pass();
          frozen.signal('SIGCONT');
        });
        expect(await interrupted).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
        await waitFor('the thawed process to end its run', () => endingsSaid(frozen, run).length > 0);
        expect(endingsSaid(frozen, run)).toEqual(['run failed']);
        const { current } = await scene.client.body<{ current: number }>('/batch/runs');
        expect(current).not.toBe(run);
        expect((await scene.client.publish()).id).toBeGreaterThan(run);
        expect(await scene.client.runOver(run)).toMatchObject({ state: 'failed', error: { code: 'interrupted' } });
      });
      await expectAllRight();
    },
    120_000,
  );

  it.each(CRASHES)(
    'heal after the only one that was left was killed at %s',
    async (checkpoint) => {
      for (const name of NAMES) await scene.program(name).stop();
      await loaded('crash', async () => {
        const { state } = await runCrashedAt(scene.client, (settings) => startBatch('first', settings), checkpoint);
        expect(state).toBe(checkpoint === 'publish-committed' ? 'published' : 'failed');
      });
      await scene.client.publish();
      await expectAllRight();
    },
    120_000,
  );

  function startBatch(name: Name, settings = {}): Promise<RunningProgram> {
    return scene.start('batch-layer', name, { settings: { POSTGRES_URL: proxies[name].url, ...settings } });
  }

  function loaded(prefix: string, fault: () => Promise<void>): Promise<void> {
    return amidLoad(scene.loadOptions(prefix, { runs: false, pauseMs: 100 }), fault);
  }

  /** Nobody can take the lease until all have asked: so the run cannot be over before. */
  function askAtOnce(): Promise<readonly Reply[]> {
    return withDatabaseAt(scene.databaseUrl, async (database) => {
      await database.query('BEGIN');
      await database.query('SELECT FROM tandem.batch_lease FOR UPDATE');
      const all = await Promise.all(Array.from({ length: TRIGGERS }, () => scene.client.post('/batch/runs')));
      await database.query('ROLLBACK');
      return all;
    });
  }

  async function cutOffAt(step: RegExp) {
    const cut = await runUntil(scene.client, proxies, ({ text }) => step.test(text));
    return { ...cut, other: cut.holder === 'first' ? ('second' as const) : ('first' as const) };
  }

  async function expectAllRight(): Promise<void> {
    expect(await overlaps(scene.databaseUrl)).toEqual([]);
    expect(await scene.faults()).toEqual([]);
  }
});
