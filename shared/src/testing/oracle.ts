import { decodeEvent } from '../events/decode-event.js';
import type { Event } from '../events/event.js';
import { MS_PER_DAY, MS_PER_HOUR } from '../events/instant.js';
import type { Derived, Measure, Metric } from '../metrics/metric.js';

/**
 * What a right system must answer, computed in the most naive way there is: arrays, Sets and BigInt, and nothing of
 * the code that it judges but `decodeEvent`. Slow on purpose; keep it so.
 */

export type PositionedValue = {
  readonly partition: number;
  readonly offset: number;
  readonly value: Uint8Array | null;
  /** A record with a barrier is no event and not invalid either. */
  readonly barrier?: string | null;
};

export type OracleReading = {
  /** The events that count, in (partition, offset) order: of several copies the one that comes first. */
  readonly events: readonly Event[];
  readonly read: number;
  readonly duplicates: number;
  /** Among the duplicates, those that differ from the copy that counts. */
  readonly conflicts: number;
  readonly invalid: number;
  readonly barriers: number;
};

/** Reads the records of a log, given in any order. */
export function readByOracle(records: readonly PositionedValue[]): OracleReading {
  const inOrder = [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  const counting: Event[] = [];
  const firstCopies: Record<string, Event> = Object.create(null);
  let [duplicates, conflicts, invalid, barriers] = [0, 0, 0, 0];
  for (const { value, barrier } of inOrder) {
    const decoded = decodeEvent(value);
    if (barrier && value === null) barriers += 1;
    else if (barrier || 'refusal' in decoded) invalid += 1;
    else {
      const identity = JSON.stringify([decoded.event.event_id, decoded.event.occurred_at]);
      const first = firstCopies[identity];
      if (first === undefined) {
        firstCopies[identity] = decoded.event;
        counting.push(decoded.event);
      } else {
        duplicates += 1;
        if (sortedText(first) !== sortedText(decoded.event)) conflicts += 1;
      }
    }
  }
  return { events: counting, read: records.length, duplicates, conflicts, invalid, barriers };
}

function sortedText(event: Event): string {
  return JSON.stringify(Object.entries(event).sort());
}

export type OracleQuery = {
  /** Dimension values that must be met. */
  readonly where?: Readonly<Record<string, string>>;
  readonly groupBy?: readonly string[];
  readonly granularity?: 'hour' | 'day';
  /** Event time in milliseconds: inclusive. */
  readonly from?: number;
  /** Event time in milliseconds: exclusive. */
  readonly to?: number;
};

export type OracleRow = {
  /** Start of the hour or day in milliseconds; null without granularity. */
  readonly bucket: number | null;
  /** One value per dimension of `groupBy`. */
  readonly group: Readonly<Record<string, string>>;
  /** Every measure and derived value: money and ratios in ten-thousandths; null where a ratio has nothing to divide by. */
  readonly values: Readonly<Record<string, bigint | null>>;
};

type Contribution = {
  readonly measure: string;
  readonly event: Event;
  readonly bucket: number | null;
  readonly group: Readonly<Record<string, string>>;
};

/** One row per group that any event falls into, by bucket and group; without groups always exactly one row. */
export function answerByOracle(
  metric: Metric,
  events: readonly Event[],
  query: OracleQuery = {},
): readonly OracleRow[] {
  const contributions = Object.entries(metric.measures).flatMap(([name, measure]) =>
    events.flatMap((event) => contributionOf(metric, name, measure, event, query)),
  );
  const isTotal = query.granularity === undefined && (query.groupBy ?? []).length === 0;
  const keys = new Set(contributions.map(keyOf));
  if (isTotal) keys.add(keyOf({ bucket: null, group: {} }));
  return [...keys].sort().map((key) => {
    const [bucket, group] = JSON.parse(key) as [number | null, Record<string, string>];
    const mine = contributions.filter((contribution) => keyOf(contribution) === key);
    return { bucket, group, values: valuesOf(metric, mine) };
  });
}

function keyOf({ bucket, group }: Pick<Contribution, 'bucket' | 'group'>): string {
  return JSON.stringify([bucket, group]);
}

/** What an event gives to a measure: one contribution, or none. */
function contributionOf(
  metric: Metric,
  name: string,
  measure: Measure,
  event: Event,
  { where = {}, groupBy = [], granularity, from, to }: OracleQuery,
): readonly Contribution[] {
  if (!measure.of.includes(event.type)) return [];
  if (from !== undefined && event.occurred_at < from) return [];
  if (to !== undefined && event.occurred_at >= to) return [];
  const dimensions: Record<string, string> = {};
  for (const dimension of metric.dimensions) {
    dimensions[dimension] = String(read(event, measure.by?.[dimension] ?? dimension));
  }
  if (Object.entries(where).some(([dimension, value]) => dimensions[dimension] !== value)) return [];
  const group = Object.fromEntries(groupBy.map((dimension) => [dimension, dimensions[dimension] ?? '']));
  const bucketMs = granularity === 'day' ? MS_PER_DAY : MS_PER_HOUR;
  const bucket = granularity === undefined ? null : event.occurred_at - (event.occurred_at % bucketMs);
  return [{ measure: name, event, bucket, group }];
}

function valuesOf(metric: Metric, contributions: readonly Contribution[]): Record<string, bigint | null> {
  const values: Record<string, bigint | null> = {};
  for (const [name, measure] of Object.entries(metric.measures)) {
    const events = contributions.filter((contribution) => contribution.measure === name).map(({ event }) => event);
    values[name] = measureOf(measure, events);
  }
  for (const [name, derived] of Object.entries(metric.derived)) values[name] = derivedOf(metric, derived, values);
  return values;
}

function measureOf(measure: Measure, events: readonly Event[]): bigint {
  if (measure.kind === 'count') return BigInt(events.length);
  const present = events
    .map((event) => read(event, measure.field ?? ''))
    .filter((value) => value !== undefined && value !== null);
  if (measure.kind === 'distinct') return BigInt(new Set(present).size);
  return present.reduce<bigint>((sum, value) => sum + BigInt(value), 0n);
}

function derivedOf(metric: Metric, derived: Derived, values: Readonly<Record<string, bigint | null>>): bigint | null {
  const operand = (name: string) => values[name] ?? 0n;
  if (derived.kind === 'total') {
    const plus = derived.plus.reduce((sum, name) => sum + operand(name), 0n);
    return derived.minus.reduce((difference, name) => difference - operand(name), plus);
  }
  const denominator = operand(derived.denominator) * 10_000n;
  if (denominator === 0n) return null;
  // The quotient in ten-thousandths: a sum of money already is, an integer is not yet.
  const inTenThousandths = isMoney(metric, derived.numerator) ? 1n : 10_000n;
  const numerator = operand(derived.numerator) * inTenThousandths * 10_000n;
  return (2n * numerator + denominator) / (2n * denominator);
}

function isMoney(metric: Metric, measure: string): boolean {
  return metric.measures[measure]?.kind === 'sum' && metric.measures[measure]?.field === 'amount';
}

function read(event: Event, field: string): string | number | null | undefined {
  return (event as unknown as Readonly<Record<string, string | number | null | undefined>>)[field];
}
