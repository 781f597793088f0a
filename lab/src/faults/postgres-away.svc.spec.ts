import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answersAmiss, askAll, ingestOf, READS, ROLLBACK, START } from '../testing/ask-all.js';
import { isOfPublication } from '../testing/cut-off-runs.js';
import type { Statement } from '../testing/postgres-proxy.js';
import { PostgresScene } from '../testing/postgres-scene.js';
import { endingsSaid } from '../testing/run-history.js';
import type { RunBody } from '../testing/tandem-client.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_210;
/** Until a question is answered, however long Postgres is away. */
const DEADLINE_MS = 5_000;
const EVERY_MINUTE = '* * * * *';
const MISSED_SLOTS = 2;

/** Some statements of a publication in their order; every-step.soak.spec.ts takes every one. */
const STEPS: readonly (readonly [string, RegExp])[] = [
  ['the lease is looked at', /FROM tandem\.batch_lease FOR UPDATE/],
  ['the run is closed', /state = 'published'/],
  ['it would commit', /^COMMIT$/],
];

describe('Three processes whose Postgres goes away', () => {
  let scene: PostgresScene;

  beforeAll(async () => {
    scene = await PostgresScene.open(SEED, { QUERY_DEADLINE_MS: '3000' });
  }, 180_000);
  afterAll(() => scene?.close(), 60_000);

  it.each(STEPS)(
    'show the old run whole when Postgres is stopped as %s, and publish the next',
    async (_, step) => {
      await scene.underLoad('stopped', async () => {
        const { run, held } = await scene.runUntil(publishing(step));
        await scene.postgres.stopImmediately();
        held.cut();
        await scene.bouncePostgres();
        expect(await scene.layers.client.runOver(run)).toMatchObject({ state: 'failed' });
      });
      expect(await scene.faultsAfterNextRun()).toEqual([]);
    },
    120_000,
  );

  it('show the old run or the new one when Postgres is stopped as it commits', async () => {
    await scene.underLoad('commits', async () => {
      const { run, held } = await scene.runUntil(publishing(/^COMMIT$/));
      held.pass();
      await scene.bouncePostgres();
      expect(['published', 'failed']).toContain((await scene.layers.client.runOver(run)).state);
    });
    expect(await scene.faultsAfterNextRun()).toEqual([]);
  }, 120_000);

  it.each([
    ['the connection is cut', async () => {}],
    ['Postgres is stopped', () => scene.bouncePostgres()],
  ])(
    'find a run published that committed when %s before the answer, and publish it once',
    async (_, fault) => {
      await scene.underLoad('unknown', async () => {
        const { run, held } = await scene.runUntil(publishing(/^COMMIT$/));
        await held.passAndCutAnswer();
        await fault();
        const endings = () => endingsSaid(scene.layers.program('batch-layer'), run);
        await waitFor('the batch layer to know', () => endings().length > 0);
        expect(endings()).toEqual(['run published']);
        expect(await scene.layers.client.runOver(run)).toMatchObject({ state: 'published', error: null });
        expect(publicationsAfter(run)).toBe(0);
      });
      expect(await scene.faultsAfterNextRun()).toEqual([]);
    },
    120_000,
  );

  it('answer in time, and take events, while Postgres is away for whole intervals of the schedule', async () => {
    await scene.layers.program('batch-layer').stop();
    await scene.startBatch({ BATCH_SCHEDULE: EVERY_MINUTE });
    await scene.underLoad('away', async () => {
      await waitFor('a scheduled run', async () => (await newestPublished())?.['trigger'] === 'schedule', 90_000);
      await scene.postgres.stopImmediately();
      const { sent, client } = scene.layers;
      const [acknowledged, missed] = [sent.acknowledged.size, missedSlots()];
      const isOver = () => missedSlots() >= missed + MISSED_SLOTS;
      const asked = await askAll([...READS, START, ROLLBACK, ingestOf(sent)], client, isOver);
      expect(answersAmiss(asked, DEADLINE_MS)).toEqual([]);
      expect(asked.some(({ reply }) => reply.status === 503)).toBe(true);
      expect(sent.acknowledged.size).toBeGreaterThan(acknowledged + 1);
      await scene.postgres.restart();
      await scene.layers.untilReady();
    });
    // The slot after the return can still find the last run under way, so it may take two.
    const overAll = async () => (await scene.linesAboveBoundary()) === 0;
    await waitFor('a scheduled run over everything', overAll, 150_000);
    expect(await newestPublished()).toMatchObject({ trigger: 'schedule' });
    expect(await scene.faults()).toEqual([]);
    await scene.layers.program('batch-layer').stop();
    await scene.startBatch();
  }, 360_000);

  it('answer in time while nothing comes from Postgres at all, neither answer nor refusal', async () => {
    await scene.underLoad('silent', async () => {
      scene.ofServing.silence();
      const askedUntil = performance.now() + DEADLINE_MS;
      // No rollback: it would happen as soon as Postgres can be heard again.
      const requests = [...READS, START, ingestOf(scene.layers.sent)];
      const asked = await askAll(requests, scene.layers.client, () => performance.now() > askedUntil);
      scene.ofServing.speak();
      expect(answersAmiss(asked, DEADLINE_MS)).toEqual([]);
      await scene.layers.untilReady();
    });
    expect(await scene.faultsAfterNextRun()).toEqual([]);
  }, 120_000);

  const publishing = (step: RegExp) => (statement: Statement) =>
    isOfPublication(statement) && step.test(statement.text);

  /** How often a publication began after the one of this run had been committed. */
  function publicationsAfter(run: number): number {
    const { passed } = scene.ofBatch;
    const committed = passed.findLastIndex((statement) => publishing(/^COMMIT$/)(statement));
    if (committed === -1) throw new Error(`run ${run} was never committed`);
    return passed.slice(committed).filter(publishing(/^SET LOCAL/)).length;
  }

  async function newestPublished(): Promise<RunBody | undefined> {
    return (await scene.layers.client.runs()).find(({ state }) => state === 'published');
  }

  function missedSlots(): number {
    return scene.layers.program('batch-layer').output.split('scheduled run could not be requested').length - 1;
  }
});
