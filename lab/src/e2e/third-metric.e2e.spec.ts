import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadMetrics, type Metric } from '@tandem/shared';
import { describeMetricLaws } from '@tandem/shared/testing/metric-laws.contract';
import { fixture } from '../import/testing/files.js';
import { FaultScene } from '../testing/fault-scene.js';
import { withDatabase } from '../testing/log-content.js';
import { copyProject } from '../testing/project-copy.js';
import { ledgerDifferences, wrongAnswers } from '../testing/right-answers.js';
import { runCommand } from '../testing/run-command.js';
import { sampleEvent } from '../testing/sample-events.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_112;
const TIMEOUT_MS = 240_000;

/** The one file that the README shows. */
const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const [, FILE = '', TEXT = ''] = /```ts\n\/\/ shared\/src\/metrics\/(\S+)\n([^`]*)```/.exec(README) ?? [];

const copy = await copyProject();
await copy.addMetric(FILE, TEXT);
const folder = pathToFileURL(join(copy.folder, 'shared/dist/metrics/'));
// Jest cannot link a module that several others import at the same time for the first time.
await import(new URL('define-metric.js', folder).href);
const metrics = await loadMetrics(folder);
const refunds = metrics.find(({ name }) => name === 'refunds') as Metric;

afterAll(() => copy.remove());

describe('the laws of a metric that is added in one file', () => {
  describeMetricLaws(refunds);
});

describe('A metric that is added in one file', () => {
  let scene: FaultScene;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
  });
  afterAll(() => scene.close(), TIMEOUT_MS);

  it(
    'is answered for what is imported, by the speed layer at once and by the batch layer after a run',
    async () => {
      const client = await scene.start({ project: copy.folder });
      await runCommand('import', [
        'online-retail',
        fixture('online-retail.csv'),
        '--url',
        scene.process.url,
        '--allow-rejects',
      ]);
      await ingest(300);
      await client.untilCaughtUp();
      const before = await client.answer('/metrics/refunds');
      expect(before.batch['orders']).toBe(0);
      expect(before.merged['orders']).toBeGreaterThan(0);
      expect(await wrongAnswers(client, scene.dataFolder, metrics)).toEqual([]);
      await client.publish();
      await ingest(300);
      expect(await wrongAnswers(client, scene.dataFolder, metrics)).toEqual([]);
      expect(await ledgerDifferences(client)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'is listed, compared and readable by SQL like the others',
    async () => {
      const listed = await scene.client.body<{ metrics: readonly { readonly name: string }[] }>('/metrics');
      expect(listed.metrics.map(({ name }) => name)).toEqual(['refunds', 'revenue', 'tickets']);
      expect((await scene.client.get('/compare/refunds?group_by=country')).status).toBe(200);
      const answer = await scene.client.answer('/metrics/refunds');
      const rows = await withDatabase(scene.dataFolder, async (database) => {
        const found = await database.query(
          `SELECT amount::float8, orders::int FROM batch_view.refunds WHERE grain = 'all' AND "grouping" = 0`,
        );
        return found.rows;
      });
      expect(rows).toEqual([{ amount: answer.batch['amount'], orders: answer.batch['orders'] }]);
    },
    TIMEOUT_MS,
  );

  it(
    'goes away with its file, and the other metrics stay right',
    async () => {
      await scene.process.stop();
      const client = await scene.start();
      await untilNoRunIsActive();
      expect((await client.get('/metrics/refunds')).status).toBe(404);
      expect(await wrongAnswers(client, scene.dataFolder, scene.metrics)).toEqual([]);
      await ingest(200);
      await client.publish('full');
      expect(await wrongAnswers(client, scene.dataFolder, scene.metrics)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'is not answered where it is new until a run has filled its history, and then rightly',
    async () => {
      await scene.process.stop();
      const client = await scene.startCold({ project: copy.folder });
      const statuses = new Set<number>();
      await waitFor('an answer for the new metric', async () => {
        const reply = await client.get('/metrics/refunds');
        statuses.add(reply.status);
        if (reply.status === 503) expect(reply.body).toMatchObject({ status: 503, detail: expect.stringMatching(/./) });
        return reply.status === 200;
      });
      expect([...statuses]).toEqual([503, 200]);
      expect(await wrongAnswers(client, scene.dataFolder, metrics)).toEqual([]);
      await ingest(200);
      await client.publish();
      expect(await wrongAnswers(client, scene.dataFolder, metrics)).toEqual([]);
      expect(await ledgerDifferences(client)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'stays unanswerable after a rollback to a run that does not know it, while the others are answered',
    async () => {
      const { client } = scene;
      const runs = await client.runs();
      const known = runs.filter(({ kept }) => kept).length;
      for (let step = 0; step < known - 1; step++) await client.post('/batch/rollback');
      expect((await client.get('/metrics/revenue')).status).toBe(200);
      expect((await client.get('/metrics/refunds')).status).toBe(503);
      await client.publish();
      expect(await wrongAnswers(client, scene.dataFolder, metrics)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  async function ingest(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'third', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
    await scene.client.ingest(events);
  }

  async function untilNoRunIsActive(): Promise<void> {
    const [last] = await scene.client.runs();
    if (last) await scene.client.runOver(last.id);
  }
});
