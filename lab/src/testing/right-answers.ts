import { operandsOf } from '@tandem/serving-layer/query/name-values';
import { type Event, type Metric, type Offsets, SKETCH_ERROR_BOUND, toInstantText, unitOf } from '@tandem/shared';
import { answerByOracle, type OracleQuery, readByOracle } from '@tandem/shared/testing/oracle';
import { below, type LogSource, readLogOf } from './log-content.js';
import { SAMPLE_START_MS } from './sample-events.js';
import { type Numbers, type TandemClient, tenThousandthsOf } from './tandem-client.js';

/** Compares what Tandem answers with what the oracle reads in its log. Differences come as text; none is right. */

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Questions that make every grain answer: all time, filtered, whole days, single hours, an odd range. */
const SAMPLE_QUERIES: readonly OracleQuery[] = [
  {},
  { from: SAMPLE_START_MS, to: SAMPLE_START_MS + DAY_MS },
  { from: SAMPLE_START_MS + 5 * HOUR_MS, to: SAMPLE_START_MS + 6 * HOUR_MS },
  { from: SAMPLE_START_MS - 15 * DAY_MS, to: SAMPLE_START_MS + 29 * HOUR_MS },
];
const BY_COUNTRY: OracleQuery = { where: { country: 'FR' } };
const BY_BOTH: OracleQuery = { where: { category: 'books', country: 'DE' } };

function queriesFor({ dimensions }: Metric): readonly OracleQuery[] {
  const hasCountry = dimensions.includes('country');
  const hasBoth = hasCountry && dimensions.includes('category');
  return [...SAMPLE_QUERIES, ...(hasCountry ? [BY_COUNTRY] : []), ...(hasBoth ? [BY_BOTH] : [])];
}

/** Asks a sample of questions in both layers' name. `merged` must be the fold of the whole log, `batch` of what lies below its boundary. */
export async function wrongAnswers(
  client: TandemClient,
  source: LogSource,
  metrics: readonly Metric[],
): Promise<readonly string[]> {
  await client.untilCaughtUp();
  const log = await readLogOf(source);
  const all = readByOracle(log).events;
  const eventsBelow = remembered(
    (boundary: string) => readByOracle(below(log, JSON.parse(boundary) as Offsets)).events,
  );
  const wrong: string[] = [];
  for (const metric of metrics) {
    for (const query of queriesFor(metric)) {
      const path = pathOf(metric, query);
      const answer = await client.answer(path);
      const covered = eventsBelow(JSON.stringify(offsetsOf(answer.boundary.offsets)));
      const { merged, batch, approximate } = answer;
      wrong.push(...differences(`merged ${path}`, metric, all, query, merged, approximate));
      wrong.push(...differences(`batch ${path}`, metric, covered, query, batch, approximate));
    }
  }
  return wrong;
}

/** A function that works each result out once. */
function remembered<Result>(workOut: (key: string) => Result): (key: string) => Result {
  const results = new Map<string, Result>();
  return (key) => {
    const result = results.get(key) ?? workOut(key);
    results.set(key, result);
    return result;
  };
}

/** Where one ungrouped answer is not what the oracle makes of these events; numbers that it calls `approximate`, about. */
export function differences(
  where: string,
  metric: Metric,
  events: readonly Event[],
  query: OracleQuery,
  found: Numbers,
  approximate: Numbers = {},
): readonly string[] {
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = query;
  // The oracle would leave the others out too, but slowly.
  const inRange = events.filter(({ occurred_at }) => occurred_at >= from && occurred_at < to);
  const expected = answerByOracle(metric, inRange, query)[0]?.values ?? {};
  return Object.entries(expected).flatMap(([name, value]) => {
    const shown = found[name];
    const number = shown === null || shown === undefined ? null : asInteger(metric, name, shown);
    if (number === value || isAbout(number, value, boundOf(metric, name, approximate))) return [];
    return [`${where}: found ${name} ${shown}, expected ${value} (ten-thousandths if money)`];
  });
}

/**
 * Null says that copies which lie in partitions of different workers may count twice. Where the events that were sent
 * have none, sums are exact all the same, and what is made of distinct counts is off by no more than their sketches.
 */
function boundOf(metric: Metric, name: string, approximate: Numbers): number | undefined {
  const bound = approximate[name];
  if (bound !== null) return bound;
  const isOfDistinct = operandsOf(metric, name).some((operand) => metric.measures[operand]?.kind === 'distinct');
  return isOfDistinct ? SKETCH_ERROR_BOUND : undefined;
}

/** 95 % of the estimates stay within the bound, and all but one of 10,000 within twice the bound. */
function isAbout(found: unknown, expected: unknown, bound: number | undefined): boolean {
  if (bound === undefined || found === null || expected === null) return false;
  return Math.abs(Number(found) - Number(expected)) <= 2 * bound * Number(expected);
}

/** A shown number as the oracle has it: money and ratios in ten-thousandths. */
export function asInteger(metric: Metric, name: string, shown: number): bigint {
  return unitOf(metric, name) === 'integer' ? BigInt(shown) : tenThousandthsOf(shown);
}

export function pathOf(metric: Metric, { where = {}, from, to }: OracleQuery): string {
  const parameters = new URLSearchParams({ ...where });
  if (from !== undefined) parameters.set('from', toInstantText(from));
  if (to !== undefined) parameters.set('to', toInstantText(to));
  return `/metrics/${metric.name}?${parameters}`;
}

export function offsetsOf(json: Readonly<Record<string, number>>): Offsets {
  return Object.keys(json).map((_, partition) => json[partition] ?? 0);
}

/** Every `off_by` of the ledger, by where it stands: all must be 0, and there is one per partition and layer at least. */
export async function ledgerDifferences(client: TandemClient): Promise<readonly string[]> {
  const found: [string, unknown][] = [];
  collect(await client.body('/ledger'), '', found);
  if (found.length < 2) return [`found ${found.length} off_by in the ledger`];
  return found.flatMap(([path, value]) => (value === 0 ? [] : [`${path} is ${value}`]));
}

function collect(value: unknown, path: string, found: [string, unknown][]): void {
  if (value === null || typeof value !== 'object') return;
  for (const [key, member] of Object.entries(value)) {
    if (key === 'off_by') found.push([`${path}.${key}`, member]);
    else collect(member, `${path}.${key}`, found);
  }
}
