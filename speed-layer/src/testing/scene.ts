import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  coldReason,
  createLogger,
  type DeadLetter,
  type EventLog,
  isAtOrBelow,
  loadMetrics,
  type Metric,
  type Offsets,
  type PublishedRun,
  type RealtimeView,
  type RealtimeViewStore,
  type RunStore,
  zeroOffsets,
} from '@tandem/shared';
import { MemoryDeadLetters } from '@tandem/shared/adapters/memory/memory-dead-letters';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { type SpeedConfig, speedConfigSchema } from '../config.js';
import type { SpeedOptions } from '../session.js';
import type { SpeedLayer } from '../start-speed-layer.js';

/** A run store in which nothing but the kept boundaries matters; `keep` changes them. */
export class KeptRuns implements RunStore {
  #boundaries: readonly Offsets[];

  constructor(...boundaries: readonly Offsets[]) {
    this.#boundaries = boundaries;
  }

  keep(...boundaries: readonly Offsets[]): void {
    this.#boundaries = boundaries;
  }

  async kept(): Promise<readonly PublishedRun[]> {
    return this.#boundaries.map((boundary, id) => ({ id, boundary, publishedAt: new Date(0), definitions: null }));
  }

  request = unused;
  list = unused;
  get = unused;
  current = unused;
  rollback = unused;
}

async function unused(): Promise<never> {
  throw new Error('the speed layer asks for nothing but the kept runs');
}

/** Dead letters in memory that refuse as often as they are told to. */
export class RefusingDeadLetters extends MemoryDeadLetters {
  refusals = 0;

  override async put(letters: readonly DeadLetter[]): Promise<void> {
    if (this.refusals-- > 0) throw new Error('no room for dead letters');
    await super.put(letters);
  }
}

export type Scene = SpeedOptions & {
  readonly runs: KeptRuns;
  readonly store: MemoryRealtimeViewStore;
  readonly deadLetters: RefusingDeadLetters;
};

const metrics: readonly Metric[] = await loadMetrics();

/** All that a speed layer needs, over a given log; looks every 10 ms which runs are kept. */
export function sceneOf(log: EventLog, settings: Partial<SpeedConfig> = {}): Scene {
  return {
    log,
    metrics,
    runs: new KeptRuns(zeroOffsets(log.partitions)),
    store: new MemoryRealtimeViewStore(log.partitions),
    deadLetters: new RefusingDeadLetters(),
    config: { ...speedConfigSchema.parse({ SPEED_DROP_POLL_MS: 10 }), ...settings },
    logger: createLogger('speed-layer', 'silent'),
  };
}

const MAX_TURNS = 200_000;

/** A view, and the first reason why no answer can rest on it. */
export type ViewWithReason = RealtimeView & { readonly cold: string | null };

/** Waits until the view is as `isAsExpected` says, and returns it. */
export async function viewWhen(
  store: RealtimeViewStore,
  isAsExpected: (view: ViewWithReason) => boolean,
): Promise<ViewWithReason> {
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const held = await store.view();
    const view = { ...held, cold: coldReason(held) };
    if (isAsExpected(view)) return view;
    await nextTurn();
  }
  throw new Error(`the view never became as expected; it is cold because: ${coldReason(await store.view())}`);
}

/** Waits until the view is warm and holds everything that is in the log now. */
export async function caughtUp({ log, store }: Scene): Promise<ViewWithReason> {
  const ends = await log.endOffsets();
  return viewWhen(
    store,
    ({ cold, partitions }) =>
      cold === null &&
      isAtOrBelow(
        ends,
        partitions.map(({ applied }) => applied),
      ),
  );
}

/** Runs `work` beside a started layer, and stops the layer whatever happens. */
export async function whileRunning<Result>(
  starting: Promise<SpeedLayer>,
  work: () => Promise<Result>,
): Promise<Result> {
  const layer = await starting;
  try {
    return await work();
  } finally {
    await layer.stop();
  }
}
