import {
  addTallies,
  countNew,
  type Metric,
  type Offsets,
  type RealtimeView,
  recordsBetween,
  type Segment,
  type Tally,
  TandemError,
  ZERO_TALLY,
} from '@tandem/shared';
import { type Approximate, approximateIn, unboundedIn } from './answer-query.js';
import { segmentsAbove } from './merge-views.js';
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

export type Stretch = {
  /** Inclusive. */
  readonly from: Offsets;
  /** Exclusive. */
  readonly to: Offsets;
  readonly records: number;
  readonly speedTally: Tally;
  readonly total: Compared;
  readonly groups: readonly Compared[];
  readonly approximate: Approximate;
};

/** What a layer says of a query, by group and in total. */
export type Parts = { readonly groups: Part; readonly total: Part };

export type StretchInput = {
  readonly query: Query;
  /** Inclusive. */
  readonly from: Offsets;
  /** Exclusive. */
  readonly to: Offsets;
  /** The segments between. */
  readonly segments: readonly Segment[];
  /** What batch says at `from`. */
  readonly before: Parts;
  /** What batch says at `to`; null while no run covers it. */
  readonly after: Parts | null;
};

/** What a stretch of log added to the answer, by speed's account and by batch's. Pure. */
export function compareStretch(input: StretchInput): Stretch {
  const { query, from, to, segments, before, after } = input;
  const speed: Parts = {
    groups: foldSegments(query, segments),
    total: foldSegments({ ...query, groupBy: [] }, segments),
  };
  const sides = [before, speed, ...(after ? [after] : [])];
  const groups = query.groupBy.length === 0 ? [] : groupsOf(sides.map((side) => side.groups));
  return {
    from,
    to,
    records: recordsBetween(from, to),
    speedTally: segments.reduce((sum, { tally }) => addTallies(sum, tally), ZERO_TALLY),
    total: compareGroup(input, null, speed),
    groups: groups.map((group) => compareGroup(input, group, speed)),
    approximate: {
      ...approximateOf(
        query.metric,
        sides.flatMap((side) => [side.groups, side.total]),
      ),
      ...unboundedIn(query.metric, segments),
    },
  };
}

function compareGroup({ query: { metric }, before, after }: StretchInput, group: Group | null, speed: Parts): Compared {
  const key = groupKey(group ?? WHOLE);
  const valuesOf = (parts: Parts) => (group ? parts.groups : parts.total).get(key)?.values ?? zeroValues(metric);
  const said = gain(metric, valuesOf(before), valuesOf(speed));
  if (!after) return { group, speed: said, batch: null, drift: null };
  const batch = subtract(amountsOf(metric, valuesOf(after)), amountsOf(metric, valuesOf(before)));
  return { group, speed: said, batch, drift: subtract(said, batch) };
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
export function segmentsBetween(view: RealtimeView, from: Offsets, to: Offsets): readonly Segment[] {
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

function groupsOf(parts: readonly Part[]): readonly Group[] {
  const groups = new Map(parts.flatMap((part) => [...part].map(([key, { group }]) => [key, group] as const)));
  if (groups.size > MAX_GROUPS) throw tooManyGroups(groups.size);
  return [...groups.values()].sort(compareGroups);
}

/** Distinct counts are estimates as soon as one of the sketches that they come from is. */
function approximateOf(metric: Metric, parts: readonly Part[]): Approximate {
  const lines = parts.flatMap((part) =>
    [...part.values()].map(({ group, values }) => ({ group, layers: { merged: values.map(markSketched) } })),
  );
  return approximateIn(metric, lines);
}

function markSketched(value: Values[number]): Values[number] {
  return isDistinct(value) && value.sketch ? { ...value, isExact: value.sketch.isExact && value.isExact } : value;
}
