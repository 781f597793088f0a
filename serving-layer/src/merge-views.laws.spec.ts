import { describe, expect, it } from '@jest/globals';
import { decodeEvent, loadMetrics, type Metric, type PublishedRun, TandemError } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { type ArbitraryRecord, aLog } from '@tandem/shared/testing/arbitraries';
import { readByOracle } from '@tandem/shared/testing/oracle';
import fc from 'fast-check';
import { type Answer, composeAnswer } from './answer-query.js';
import { isGrouped } from './query/group.js';
import { integersOf } from './query/name-values.js';
import { metricQueryParser } from './query/parse-query.js';
import type { Layer, Query } from './query/query.js';
import { type ArbitraryQuery, aQuery, expectedOf } from './testing/arbitrary-query.js';
import { FoldedView, recordsOf } from './testing/folded-view.js';
import { oraclePart } from './testing/oracle-part.js';
import { refundMetric } from './testing/refund-metric.js';

const PARTITIONS = 3;

/** Several logs one after another: one alone is mostly so short that nothing meets in a cell. */
const longLog = fc.array(aLog(PARTITIONS, 40), { minLength: 3, maxLength: 6 }).map((logs) => logs.flat());

/** Copies of an event lie in the partition of the first: as they do when the log chooses it by key. */
function inOwnPartition(record: ArbitraryRecord): ArbitraryRecord {
  const decoded = decodeEvent(record.value);
  if ('refusal' in decoded) return record;
  return { ...record, partition: decoded.event.event_id.length % PARTITIONS };
}

type Scene = {
  readonly log: MemoryEventLog;
  readonly view: FoldedView;
  readonly store: MemoryRealtimeViewStore;
  readonly boundaries: number[][];
};

/** A log with barriers at the given places, and a realtime view of all of it. */
async function sceneOf(
  metrics: readonly Metric[],
  records: readonly ArbitraryRecord[],
  cuts: readonly number[],
): Promise<Scene> {
  const log = new MemoryEventLog(PARTITIONS, 7);
  const store = new MemoryRealtimeViewStore(PARTITIONS);
  const view = new FoldedView(store, metrics);
  await view.begin([0, 0, 0]);
  const boundaries: number[][] = [];
  for (const [index, record] of records.entries()) {
    for (const _ of cuts.filter((cut) => cut === index)) boundaries.push([...(await log.appendBarriers('run'))]);
    const { partition, value } = inOwnPartition(record);
    log.appendForeign(partition, [value]);
  }
  boundaries.push([...(await log.appendBarriers('last'))]);
  await view.applyAll(log);
  return { log, view, store, boundaries };
}

function runAt(boundary: readonly number[]): PublishedRun {
  return { id: 1, boundary, publishedAt: new Date(0), definitions: {} };
}

/** Every measure as text by group, of one layer of an answer. */
function shown(answer: Answer, layer: Layer) {
  const { query } = answer;
  return Object.fromEntries(
    answer.lines.map(({ group, layers }) => {
      const integers = integersOf(query.metric, layers[layer] ?? []);
      const values = Object.fromEntries([...integers].map(([name, value]) => [name, String(value)]));
      return [JSON.stringify([...group.values, group.bucketMs]), values];
    }),
  );
}

function measuresOnly(metric: Metric, expected: ReturnType<typeof expectedOf>) {
  return Object.fromEntries(
    Object.entries(expected).map(([group, values]) => [
      group,
      Object.fromEntries(Object.keys(metric.measures).map((name) => [name, values[name]])),
    ]),
  );
}

async function answerAt(
  scene: Scene,
  metric: Metric,
  { queryString, oracle }: ArbitraryQuery,
  boundary: readonly number[],
) {
  const query: Query = metricQueryParser(metric)(queryString);
  const records = await recordsOf(scene.log);
  const below = readByOracle(records.filter(({ partition, offset }) => offset < (boundary[partition] ?? 0)));
  const batch = oraclePart(query, below.events, oracle);
  const view = await scene.store.view();
  return {
    query,
    all: readByOracle(records).events,
    answer: composeAnswer(query, { run: runAt(boundary), batch, view }),
  };
}

const metrics = [...(await loadMetrics()), refundMetric];

describe('the seam', () => {
  for (const metric of metrics) {
    it(`merges batch below and speed above any boundary into the fold of all, for ${metric.name}`, async () => {
      const property = fc.asyncProperty(
        longLog,
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        aQuery(metric),
        async (records, cuts, pick, arbitraryQuery) => {
          const places = cuts.map((cut) => cut % (records.length + 1));
          const scene = await sceneOf(metrics, records, places);
          const boundary = scene.boundaries[pick % scene.boundaries.length] ?? [];
          const { query, all, answer } = await answerAt(scene, metric, arbitraryQuery, boundary);
          const expected = measuresOnly(metric, expectedOf(metric, all, arbitraryQuery.oracle));
          expect(shown(answer, 'merged')).toEqual(expected);
          expect(answer.approximate).toEqual({});
          if (!isGrouped(query)) expect(answer.lines).toHaveLength(1);
        },
      );
      await fc.assert(property, { numRuns: 150 });
    });
  }
});

describe('a view that cannot prove its half', () => {
  const boundary = [3, 0, 0];
  const prepare = async () => {
    const scene = await sceneOf([refundMetric], [], []);
    scene.log.appendForeign(0, [Buffer.from('x'), Buffer.from('y'), Buffer.from('z'), Buffer.from('w')]);
    await scene.view.applyAll(scene.log);
    return scene;
  };
  const compose = async ({ store }: Scene, at: readonly number[]) => {
    const query = metricQueryParser(refundMetric)('');
    return composeAnswer(query, { run: runAt(at), batch: new Map(), view: await store.view() });
  };

  it('gives no number when no segment starts at the boundary', async () => {
    const scene = await prepare();
    await expect(compose(scene, boundary)).rejects.toMatchObject({ code: 'not-provable' });
  });

  it('gives no number when the segments at the boundary were dropped', async () => {
    const scene = await prepare();
    const late = await scene.log.appendBarriers('later');
    await scene.view.applyAll(scene.log);
    await scene.view.dropBelow(late);
    await expect(compose(scene, [0, 0, 0])).rejects.toBeInstanceOf(TandemError);
    await expect(compose(scene, late)).resolves.toBeDefined();
  });

  it('gives no number while it is cold', async () => {
    const scene = await prepare();
    await scene.view.setCold('it is being rebuilt');
    await expect(compose(scene, [0, 0, 0])).rejects.toThrow('it is being rebuilt');
  });

  it('adds nothing where speed has not come to the boundary yet', async () => {
    const scene = await prepare();
    const answer = await compose(scene, [1_000, 1_000, 1_000]);
    expect(answer.segments).toEqual([[], [], []]);
  });
});
