import { type Metric, messageOf, type RealtimeViewStore, type RunStore } from '@tandem/shared';
import type { Doubts } from './log-doubt.js';
import { segmentsAbove } from './merge-views.js';
import { carriesDefinition } from './query/batch-part.js';

export type ReadinessSources = {
  readonly doubts: Doubts;
  readonly runs: RunStore;
  readonly store: RealtimeViewStore;
  readonly metrics: readonly Metric[];
};

/** Why not every answer is provable now; empty when all are, also while the log is away. Never throws. */
export async function reasonsNotReady({ doubts, runs, store, metrics }: ReadinessSources): Promise<readonly string[]> {
  const doubt = doubts.doubt();
  if (doubt !== null) return [doubt];
  try {
    const run = await runs.current();
    const view = await store.view();
    segmentsAbove(view, run.boundary);
    const behind = run.boundary.flatMap((offset, partition) => {
      const applied = view.partitions[partition]?.applied ?? 0;
      if (applied >= offset) return [];
      return [
        `the realtime view of partition ${partition} has come to ${applied} and not yet to the boundary ${offset}`,
      ];
    });
    const missing = metrics.filter((metric) => !carriesDefinition(run, metric));
    return [
      ...behind,
      ...missing.map(({ name }) => `run ${run.id} was computed without today's definition of ${name}`),
    ];
  } catch (error) {
    return [messageOf(error)];
  }
}
