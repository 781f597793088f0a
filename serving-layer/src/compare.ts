import {
  addTallies,
  countNew,
  type Metric,
  type Offsets,
  type PublishedRun,
  type RealtimeView,
  recordsBetween,
  type Segment,
  type Tally,
  TandemError,
  ZERO_TALLY,
} from '@tandem/shared';
import { type AnswerSources, approximateIn, type BasisReader } from './answer-query.js';
import { segmentsAbove } from './merge-views.js';
import type { ArchiveTally, BatchTally } from './ports/batch-view-reader.js';
import { type Amounts, amountsOf, subtract } from './query/differences.js';
import { compareGroups, type Group, groupKey, WHOLE } from './query/group.js';
import { MAX_GROUPS, type Query } from './query/query.js';
import { foldSegments } from './query/speed-part.js';
import { tooManyGroups } from './query/too-many-groups.js';
import { isDistinct, type Part, type Values, zeroValues } from './query/values.js';

/** One group of a stretch; `group` is null for the total. Batch and drift are null in the live stretch. */
export type Compared = {
  readonly group: Group | null;
  /** What the stretch added to the answer, by speed's account. */
  readonly speed: Amounts;
  /** What it added by batch's. */
  readonly batch: Amounts | null;
  /** speed − batch. */
  readonly drift: Amounts | null;
};

/** Why speed and batch differ, counted in records over the whole stretch, whatever is filtered. */
export type Causes = {
  /** Copies that batch dropped and speed's duplicate window no longer knew. */
  readonly duplicates_missed: number;
  /** Among batch's duplicates, copies that differed: batch counts the one with the lowest offset, speed the first it reads. */
  readonly conflicts: number;
  /** Records that speed refused and batch did not. */
  readonly refused_by_speed: number;
  /** Records that lie in the stretch and that speed did not read. */
  readonly lost_by_speed: number;
};

export type Stretch = {
  /** Inclusive. */
  readonly from: Offsets;
  /** Exclusive. */
  readonly to: Offsets;
  readonly records: number;
  readonly speedTally: Tally;
  readonly total: Compared;
  readonly groups: readonly Compared[];
  readonly approximate: Readonly<Record<string, number>>;
};

export type Comparison = {
  readonly query: Query;
  /** From the boundary of `before` to that of `run`; null while no two runs are kept to compare. */
  readonly closed: (Stretch & { readonly before: PublishedRun; readonly causes: Causes }) | null;
  readonly run: PublishedRun;
  /** From the current boundary to where speed has come. */
  readonly live: Stretch;
};

/** What both layers say of one moment's query and of its total. */
type Parts = { readonly groups: Part; readonly total: Part };

/** Compares what speed had said of the last closed stretch of log with what batch then found. */
export class Comparer {
  readonly #sources: AnswerSources;
  readonly #basis: BasisReader;

  constructor(sources: AnswerSources, basis: BasisReader) {
    this.#sources = sources;
    this.#basis = basis;
  }

  /** Throws `not-provable` when the realtime view does not hold the whole stretch: then nothing can be compared. */
  async compare(query: Query): Promise<Comparison> {
    const { runs, store, reader } = this.#sources;
    const run = await runs.current();
    const kept = await runs.kept();
    // Newest first: the first one older than the current run is the one that it followed.
    const before = kept.find(({ id }) => id < run.id) ?? null;
    const found = await this.#parts(run, query);
    const base = before && (await this.#parts(before, query));
    const tallies = await Promise.all([reader.tallies(run), before ? reader.tallies(before) : []]);
    const archived = before ? await reader.archived(before.boundary, run.boundary) : [];
    const view = await store.view();
    const live = liveStretch(query, run, found, view);
    if (!before || !base) return { query, run, closed: null, live };
    const closed = closedStretch(query, before, run, base, found, view);
    return {
      query,
      run,
      live,
      closed: { ...closed, before, causes: causesOf(closed, tallies[0], tallies[1], archived) },
    };
  }

  async #parts(run: PublishedRun, query: Query): Promise<Parts> {
    const total = { ...query, groupBy: [] };
    return { groups: await this.#basis.batchPart(run, query), total: await this.#basis.batchPart(run, total) };
  }
}

function closedStretch(
  query: Query,
  before: PublishedRun,
  run: PublishedRun,
  base: Parts,
  found: Parts,
  view: RealtimeView,
): Stretch {
  const segments = segmentsBetween(view, before.boundary, run.boundary);
  const compare = (group: Group | null, speed: Part, from: Part, to: Part): Compared => {
    const key = groupKey(group ?? WHOLE);
    const zero = zeroValues(query.metric);
    const old = from.get(key)?.values ?? zero;
    const said = gain(query.metric, old, speed.get(key)?.values ?? zero);
    const batch = subtract(amountsOf(query.metric, to.get(key)?.values ?? zero), amountsOf(query.metric, old));
    return { group, speed: said, batch, drift: subtract(said, batch) };
  };
  return stretchOf(query, before.boundary, run.boundary, segments, base, found, compare);
}

function liveStretch(query: Query, run: PublishedRun, found: Parts, view: RealtimeView): Stretch {
  const segments = segmentsAbove(view, run.boundary).flat();
  const applied = run.boundary.map((offset, partition) => Math.max(offset, view.partitions[partition]?.applied ?? 0));
  const compare = (group: Group | null, speed: Part, from: Part): Compared => {
    const key = groupKey(group ?? WHOLE);
    const zero = zeroValues(query.metric);
    const said = gain(query.metric, from.get(key)?.values ?? zero, speed.get(key)?.values ?? zero);
    return { group, speed: said, batch: null, drift: null };
  };
  return stretchOf(query, run.boundary, applied, segments, found, found, compare);
}

type CompareGroup = (group: Group | null, speed: Part, from: Part, to: Part) => Compared;

function stretchOf(
  query: Query,
  from: Offsets,
  to: Offsets,
  segments: readonly Segment[],
  base: Parts,
  found: Parts,
  compare: CompareGroup,
): Stretch {
  const speed: Parts = {
    groups: foldSegments(query, segments),
    total: foldSegments({ ...query, groupBy: [] }, segments),
  };
  const groups = query.groupBy.length === 0 ? [] : groupsOf([base.groups, found.groups, speed.groups]);
  const parts = [base, found, speed].flatMap(({ groups, total }) => [groups, total]);
  return {
    from,
    to,
    records: recordsBetween(from, to),
    speedTally: segments.reduce((sum, { tally }) => addTallies(sum, tally), ZERO_TALLY),
    total: compare(null, speed.total, base.total, found.total),
    groups: groups.map((group) => compare(group, speed.groups, base.groups, found.groups)),
    approximate: approximateOf(query.metric, parts),
  };
}

/** What the values of a stretch add to those before it: sums and counts as they are, of distinct values the new ones. */
function gain(metric: Metric, before: Values, added: Values): Amounts {
  return amountsOf(metric, added).map((amount, index) => {
    const [old, fresh] = [before[index] ?? 0, added[index] ?? 0];
    return isDistinct(old) && isDistinct(fresh) && old.sketch && fresh.sketch
      ? countNew(old.sketch, fresh.sketch)
      : amount;
  });
}

/** The segments from one boundary (inclusive) to the other (exclusive); throws unless they cover exactly that. */
function segmentsBetween(view: RealtimeView, from: Offsets, to: Offsets): readonly Segment[] {
  const above = segmentsAbove(view, from);
  return to.flatMap((end, partition) => {
    const held = above[partition] ?? [];
    const applied = view.partitions[partition]?.applied ?? 0;
    const isCut = applied === end || held.some(({ start }) => start === end);
    if (isCut && (held.length > 0 || from[partition] === end)) return held.filter(({ start }) => start < end);
    const reason = `the realtime view holds partition ${partition} up to ${applied} and does not cover the stretch from ${from[partition]} to ${end}`;
    throw new TandemError(
      'not-provable',
      `Nothing can be compared: ${reason}. Try again when it has caught up, or after the next run.`,
      {
        facts: { reason, partition, from: from[partition], to: end, applied },
      },
    );
  });
}

function causesOf(
  stretch: Stretch,
  after: readonly BatchTally[],
  before: readonly BatchTally[],
  archived: readonly ArchiveTally[],
): Causes {
  const total = (tallies: readonly BatchTally[], key: 'duplicate' | 'conflicts') =>
    tallies.reduce((sum, tally) => sum + tally[key], 0);
  const { duplicate, invalid, read } = stretch.speedTally;
  const invalidInBatch = archived.reduce((sum, tally) => sum + tally.invalid, 0);
  return {
    duplicates_missed: total(after, 'duplicate') - total(before, 'duplicate') - duplicate,
    conflicts: total(after, 'conflicts') - total(before, 'conflicts'),
    refused_by_speed: invalid - invalidInBatch,
    lost_by_speed: stretch.records - read,
  };
}

function groupsOf(parts: readonly Part[]): readonly Group[] {
  const groups = new Map(parts.flatMap((part) => [...part].map(([key, { group }]) => [key, group] as const)));
  if (groups.size > MAX_GROUPS) throw tooManyGroups(groups.size);
  return [...groups.values()].sort(compareGroups);
}

/** Distinct counts are estimates as soon as one of the sketches that they come from is. */
function approximateOf(metric: Metric, parts: readonly Part[]): Readonly<Record<string, number>> {
  const lines = parts.flatMap((part) =>
    [...part.values()].map(({ group, values }) => ({ group, layers: { merged: values.map(markSketched) } })),
  );
  return approximateIn(metric, lines);
}

function markSketched(value: Values[number]): Values[number] {
  return isDistinct(value) && value.sketch ? { ...value, isExact: value.sketch.isExact && value.isExact } : value;
}
