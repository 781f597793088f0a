import {
  type EventLog,
  type Metric,
  type Offsets,
  type PublishedRun,
  type RealtimeView,
  type RealtimeViewStore,
  type RunStore,
  recordsBetween,
  type Segment,
  SharedRead,
  SKETCH_ERROR_BOUND,
} from '@tandem/shared';
import { type Doubts, refuseDoubt } from './log-doubt.js';
import { LogEnd } from './log-end.js';
import { mergeValues, segmentsAbove } from './merge-views.js';
import type { BatchViewReader } from './ports/batch-view-reader.js';
import { BatchPartCache } from './query/batch-part-cache.js';
import { compareGroups, type Group, groupKey, isGrouped, WHOLE } from './query/group.js';
import { operandsOf, valueNames } from './query/name-values.js';
import { type Layer, MAX_GROUPS, type Query } from './query/query.js';
import { foldSegments } from './query/speed-part.js';
import { tooManyGroups } from './query/too-many-groups.js';
import { isDistinct, type Part, type Values, zeroValues } from './query/values.js';

/** What the layers say of one group; only those that were asked for. */
export type Line = { readonly group: Group; readonly layers: Readonly<Partial<Record<Layer, Values>>> };

/**
 * Relative error bound of every measure and derived value that is an estimate in some line; null where there is none, as
 * copies of an event may count that lie in partitions which different speed workers read.
 */
export type Approximate = Readonly<Record<string, number | null>>;

export type Answer = {
  readonly query: Query;
  /** The one run that the answer rests on, with its boundary. */
  readonly run: PublishedRun;
  /** Sorted by group; exactly one line when the query has no grouping. */
  readonly lines: readonly Line[];
  readonly approximate: Approximate;
  /** Per partition the segments that were added; null when speed was not asked. */
  readonly segments: readonly (readonly Segment[])[] | null;
};

/** What an answer rests on, of one moment. `run` was read before `view`. */
export type Basis = {
  readonly run: PublishedRun;
  readonly batch: Part;
  readonly view: RealtimeView;
};

/** What came of a basis, the run that it rests on, and how far its view was behind the log. */
export type Read<Result> = {
  readonly run: PublishedRun;
  readonly result: Result;
  /** Records in the log that were not yet in the realtime view; null when either does not say how far it is. */
  readonly speedLag: number | null;
};

export type AnswerSources = {
  readonly runs: RunStore;
  readonly log: EventLog;
  readonly doubts: Doubts;
  readonly store: RealtimeViewStore;
  readonly reader: BatchViewReader;
};

/** Gathers what answers rest on. */
export class BasisReader {
  readonly #sources: AnswerSources;
  readonly #batchParts: BatchPartCache;
  readonly #currentRun: SharedRead<PublishedRun>;
  readonly #logEnd: LogEnd;

  constructor(sources: AnswerSources) {
    this.#sources = sources;
    this.#batchParts = new BatchPartCache(sources.reader);
    this.#currentRun = new SharedRead(() => sources.runs.current());
    this.#logEnd = new LogEnd(sources.log);
  }

  /**
   * The order is what makes answers right: first the run with its boundary, then the batch rows of that run, and the
   * realtime view last. The view is valid until the next await, so `use` is called at once and may not wait. Where the log
   * ends is asked beside all that: only the lag needs it. Throws `not-provable`, `too-large`, `unavailable`, and what
   * `use` throws.
   */
  async read<Result>(query: Query, use: (basis: Basis) => Result): Promise<Read<Result>> {
    if (query.layers.some((layer) => layer !== 'batch')) refuseDoubt(this.#sources.doubts);
    const end = this.#logEnd.get();
    const run = await this.#currentRun.get();
    const batch = await this.batchPart(run, query);
    const view = await this.#sources.store.view();
    const result = use({ run, batch, view });
    const applied = view.partitions.map((partition) => partition.applied);
    return { run, result, speedLag: lagOf(applied, await end) };
  }

  /** What batch says in a run: nothing when only speed is asked; with sketches when there is something to merge. */
  async batchPart(run: PublishedRun, query: Query): Promise<Part> {
    if (!query.layers.some((layer) => layer !== 'speed')) return new Map();
    return this.#batchParts.get(run, query, query.layers.includes('merged'));
  }
}

/** Turns the segments above the boundary into what speed says of a query. */
export type FoldSpeed = (segments: readonly Segment[]) => Part;

const foldOnce =
  (query: Query): FoldSpeed =>
  (segments) =>
    foldSegments(query, segments);

/** The answer to a query from its basis. Pure. Throws `not-provable` when the view does not reach down to the boundary. */
export function composeAnswer(query: Query, { run, batch, view }: Basis, fold: FoldSpeed = foldOnce(query)): Answer {
  const isSpeedAsked = query.layers.some((layer) => layer !== 'batch');
  const segments = isSpeedAsked ? segmentsAbove(view, run.boundary) : null;
  const speed: Part = segments ? fold(segments.flat()) : new Map();
  const lines = groupsOf(query, batch, speed).map((group) => lineOf(query, group, batch, speed));
  const approximate = { ...approximateIn(query.metric, lines), ...unboundedIn(query.metric, segments?.flat() ?? []) };
  return { query, run, lines, approximate, segments };
}

function lagOf(applied: Offsets, end: Offsets | null): number | null {
  return end === null || applied.length === 0 ? null : recordsBetween(applied, end);
}

function groupsOf(query: Query, batch: Part, speed: Part): readonly Group[] {
  if (!isGrouped(query)) return [WHOLE];
  const groups = new Map([...batch, ...speed].map(([key, { group }]) => [key, group]));
  if (groups.size > MAX_GROUPS) throw tooManyGroups(groups.size);
  return [...groups.values()].sort(compareGroups);
}

function lineOf(query: Query, group: Group, batch: Part, speed: Part): Line {
  const key = groupKey(group);
  const zero = zeroValues(query.metric);
  const batchValues = batch.get(key)?.values ?? zero;
  const speedValues = speed.get(key)?.values ?? zero;
  const valuesOf: Record<Layer, () => Values> = {
    merged: () => mergeValues(batchValues, speedValues),
    batch: () => batchValues,
    speed: () => speedValues,
  };
  return { group, layers: Object.fromEntries(query.layers.map((layer) => [layer, valuesOf[layer]()])) };
}

/** All measures and derived values, without a bound, when some events were not compared with all partitions. */
export function unboundedIn(metric: Metric, segments: readonly Segment[]): Approximate {
  const isUnchecked = segments.some(({ tally }) => tally.unchecked > 0);
  return Object.fromEntries(isUnchecked ? valueNames(metric).map((name) => [name, null]) : []);
}

/** Names of measures and derived values that are estimates in some line, with their bound. */
export function approximateIn(metric: Metric, lines: readonly Line[]): Approximate {
  const measures = Object.keys(metric.measures);
  const estimated = new Set<string>();
  for (const { layers } of lines) {
    for (const values of Object.values(layers)) {
      values.forEach((value, index) => {
        if (isDistinct(value) && !value.isExact) estimated.add(measures[index] ?? '');
      });
    }
  }
  const names = valueNames(metric).filter((name) => operandsOf(metric, name).some((operand) => estimated.has(operand)));
  return Object.fromEntries(names.map((name) => [name, SKETCH_ERROR_BOUND]));
}
