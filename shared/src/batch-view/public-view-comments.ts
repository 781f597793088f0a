import { unitOf } from '../metrics/define-metric.js';
import type { Measure, Metric } from '../metrics/metric.js';

/** `cube` is every grain and grouping in one view; the others are one grain, with all dimensions. */
export type Grain = 'cube' | 'hour' | 'day' | 'all';

const SCOPES: Readonly<Record<Exclude<Grain, 'cube'>, string>> = {
  hour: 'One row per hour (UTC)',
  day: 'One row per day (UTC)',
  all: 'One row over all time',
};

/** What `\d+` and SQL tools say of a view. */
export function viewComment(metric: Metric, grain: Grain): string {
  const { name, description, dimensions } = metric;
  if (grain === 'cube') {
    return `${description} The cube: every event is in several rows, by grain (hour, day, all) and by grouping. Name one grain and one grouping, or sum ${name}_hourly, ${name}_daily or ${name}_total instead.`;
  }
  const tuple = dimensions.length === 0 ? '' : ` and ${dimensions.join(', ')}`;
  return `${description} ${SCOPES[grain]}${tuple}; every event is in one row, so sums over rows are right. What says that it cannot be summed is in ${name}, per grain and grouping.`;
}

export function columnComment(metric: Metric, grain: Grain, column: string): string {
  if (metric.dimensions.some((dimension) => dimension === column)) return dimensionComment(column, grain);
  const bit = metric.dimensions.map((dimension, index) => `${2 ** index} for ${dimension}`);
  const keys: Readonly<Record<string, string>> = {
    grain: 'hour, day or all: what time the row covers.',
    bucket: `Start of the ${grain === 'cube' ? 'hour or day' : grain}, inclusive; its days begin at 00:00 UTC.${grain === 'cube' ? ' Null where grain is all.' : ''}`,
    day: 'The day in UTC, whatever the time zone of the session. Found by an index: name it to ask for a range.',
    grouping: `Which dimensions the row keeps, as a sum: ${['0 for none', ...bit].join(', ')}. The others are null: the row is for all of their values.`,
  };
  return keys[column] ?? `${meaning(metric, column)} ${summing(metric, grain, column)}`;
}

function dimensionComment(name: string, grain: Grain): string {
  return `The event’s ${name}.${grain === 'cube' ? ' Null where the grouping does not keep it.' : ''}`;
}

function meaning(metric: Metric, column: string): string {
  const measure = metric.measures[column];
  const unit = unitOf(metric, column) === 'money' ? ', in currency units' : '';
  if (measure) return `${measureMeaning(measure)}${unit}.`;
  const derived = metric.derived[column];
  if (derived?.kind === 'ratio') {
    return `${derived.numerator} / ${derived.denominator}${unit}, rounded to 4 decimals; null where ${derived.denominator} is 0.`;
  }
  const [first = '', ...others] = [...(derived?.plus ?? []), ...(derived?.minus ?? []).map((name) => `- ${name}`)];
  return `${[first, ...others.map((name) => (name.startsWith('- ') ? name : `+ ${name}`))].join(' ')}${unit}.`;
}

function measureMeaning({ kind, field, of }: Measure): string {
  if (kind === 'count') return `How many events: ${of.join(', ')}`;
  return `${kind === 'sum' ? `Sum of ${field}` : `How many different values of ${field}`} in ${of.join(', ')}`;
}

function summing(metric: Metric, grain: Grain, column: string): string {
  if (isSummable(metric, column)) {
    return grain === 'cube'
      ? 'Can be summed over rows of one grain and one grouping only.'
      : 'Can be summed over rows.';
  }
  if (metric.derived[column]?.kind === 'ratio') return 'Cannot be summed or averaged over rows: divide the sums.';
  return `Cannot be summed over rows: a value that is in several rows would be counted in each. Read the row of ${metric.name} with the grain and grouping that is asked for.`;
}

/** Sums and counts can; distinct counts and ratios cannot, nor what is derived of them. */
export function isSummable(metric: Metric, column: string): boolean {
  const derived = metric.derived[column];
  if (derived?.kind === 'total') return [...derived.plus, ...derived.minus].every((name) => isSummable(metric, name));
  const measure = metric.measures[column];
  return measure !== undefined && measure.kind !== 'distinct';
}
