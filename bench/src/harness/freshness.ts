import { setTimeout as sleep } from 'node:timers/promises';
import { TandemError } from '@tandem/shared';
import type { Context, Row } from '../benchmark.js';
import { getJson, postNdjson } from './house.js';
import { makeEvent, whileIngesting } from './ingest.js';
import { quantileOf, spreadOf } from './spread.js';

export type FreshnessOptions = {
  /** Where events are posted and questions asked; nobody has probed there before. */
  readonly url: string;
  /** What comes in besides the probes. */
  readonly eventsPerSecond: number;
  /** Of one round; there are as many as pairs elsewhere, after one that does not count. */
  readonly seconds: number;
  /** What the 99th percentile should be at most. */
  readonly goalMs: number;
};

/** A category that only the probes have. */
const PROBES = 'freshness-probe';
const PAUSE_MS = 20;
/** One that is not seen after so long never will be. */
const LONGEST_DELAY_MS = 30_000;
/** What may be missing of the rate that was aimed at. */
const LEAST_SHARE_OF_RATE = 0.95;

/**
 * From the acknowledgement of an event until `layer=speed` counts it, one probe at a time, while others come in at a
 * steady rate. Throws when they did not come in at that rate, or not all of them are counted in the end.
 */
export async function measureFreshness({ sizes, say }: Pick<Context, 'sizes' | 'say'>, options: FreshnessOptions) {
  const { url, eventsPerSecond, seconds, goalMs } = options;
  let probes = 0;
  const { rounds, rate, ingest } = await whileIngesting(url, eventsPerSecond, async (ingest) => {
    const startMs = performance.now();
    const rounds: (readonly number[])[] = [];
    for (let round = 0; round <= sizes.pairs; round++) {
      const delaysMs = await probeFor(url, seconds, () => ++probes);
      const p99 = quantileOf(delaysMs, 0.99).toFixed(1);
      say(`${round === 0 ? 'warm-up' : `round ${round}`}: ${delaysMs.length} probes, p99 ${p99} ms`);
      if (round > 0) rounds.push(delaysMs);
    }
    return { rounds, rate: ingest.acknowledged() / ((performance.now() - startMs) / 1000), ingest };
  });
  refuseLowRate(rate, eventsPerSecond);
  await untilCounted(url, ingest.acknowledged() + probes);
  return {
    sizes: `${formatRate(rate)} events/s acknowledged (aimed at: ${formatRate(eventsPerSecond)}), 50 requests a second; ${sizes.pairs} rounds of ${seconds} s, one probe at a time.`,
    rows: rowsOf(rounds, goalMs),
    notes: ['Upper bounds: they contain the whole question that sees the event, asked again and again.'],
  };
}

function rowsOf(rounds: readonly (readonly number[])[], goalMs: number): readonly Row[] {
  const quantiles = (share: number) => spreadOf(rounds.map((delaysMs) => quantileOf(delaysMs, share)));
  const what = 'acknowledged → visible in layer=speed';
  return [
    { what: `${what}, p50`, unit: 'ms', ours: quantiles(0.5) },
    { what: `${what}, p99`, unit: 'ms', ours: quantiles(0.99), goal: { atMost: goalMs } },
  ];
}

async function probeFor(url: string, seconds: number, nextProbe: () => number): Promise<readonly number[]> {
  const delaysMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    delaysMs.push(await probe(url, nextProbe()));
    await sleep(PAUSE_MS);
  }
  return delaysMs;
}

/** Posts the n-th probe and asks until n are counted. */
async function probe(url: string, expected: number): Promise<number> {
  await postNdjson(url, `${makeEvent(PROBES)}\n`);
  return untilSeen(`${url}/metrics/revenue?layer=speed&category=${PROBES}`, expected);
}

/** Others than ours would be in it, too, and none may be missing. */
async function untilCounted(url: string, expected: number): Promise<void> {
  const found = `${url}/metrics/revenue?layer=speed`;
  await untilSeen(found, expected);
  const { speed } = await getJson<Answer>(found);
  if (speed.line_items !== expected)
    throw new TandemError('internal', `found ${speed.line_items} order lines counted; expected ${expected}`);
}

type Answer = { readonly speed: { readonly line_items: number } };

/** Asks again and again until so many order lines are counted; returns how long that took. Throws when it takes for ever. */
async function untilSeen(question: string, expected: number): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const { speed } = await getJson<Answer>(question);
    const delayMs = performance.now() - startMs;
    if (speed.line_items >= expected) return delayMs;
    if (delayMs > LONGEST_DELAY_MS) {
      const found = `found ${speed.line_items} of ${expected} order lines`;
      throw new TandemError('internal', `${question}: ${found} after ${LONGEST_DELAY_MS} ms`);
    }
  }
}

/** Throws when too little came in to say anything about the rate that was aimed at. */
export function refuseLowRate(rate: number, aim: number): void {
  if (rate >= aim * LEAST_SHARE_OF_RATE) return;
  throw new TandemError(
    'internal',
    `found ${formatRate(rate)} events/s acknowledged; allowed are at least ${formatRate(aim * LEAST_SHARE_OF_RATE)}, as ${formatRate(aim)} are aimed at: the machine is too slow or too busy for this rate`,
  );
}

function formatRate(rate: number): string {
  return Math.round(rate).toLocaleString('en-US');
}
