import { setTimeout as sleep } from 'node:timers/promises';
import type { Benchmark } from './benchmark.js';
import { getJson, type House, openHouse, postNdjson } from './harness/house.js';
import { makeEvent, startIngest } from './harness/ingest.js';
import { quantileOf, spreadOf } from './harness/spread.js';

/** A category that only the probes have. */
const PROBES = 'freshness-probe';
const PAUSE_MS = 20;

/** From the acknowledgement of an event until `layer=speed` counts it, while others come in at a steady rate. */
export const freshness: Benchmark = {
  name: 'freshness',
  title: 'from acknowledged to visible',
  run: async ({ sizes, place, say }) => {
    const { eventsPerSecond, seconds } = sizes.freshness;
    const house = await openHouse(place);
    const p50: number[] = [];
    const p99: number[] = [];
    let probes = 0;
    const ingest = startIngest(house.url, eventsPerSecond);
    const startMs = performance.now();
    for (let round = 0; round <= sizes.pairs; round++) {
      const delaysMs = await probeFor(house, seconds, () => ++probes);
      say(
        `${round === 0 ? 'warm-up' : `round ${round}`}: ${delaysMs.length} probes, p99 ${quantileOf(delaysMs, 0.99).toFixed(1)} ms`,
      );
      if (round === 0) continue;
      p50.push(quantileOf(delaysMs, 0.5));
      p99.push(quantileOf(delaysMs, 0.99));
    }
    const rate = ingest.posted() / ((performance.now() - startMs) / 1000);
    await ingest.stop();
    return {
      sizes: `${Math.round(rate).toLocaleString('en-US')} events/s posted (aimed at: ${eventsPerSecond.toLocaleString('en-US')}), 50 requests a second; ${sizes.pairs} rounds of ${seconds} s, one probe at a time.`,
      rows: [
        { what: 'acknowledged → visible in layer=speed, p50', unit: 'ms', ours: spreadOf(p50) },
        { what: 'acknowledged → visible in layer=speed, p99', unit: 'ms', ours: spreadOf(p99), goal: { atMost: 100 } },
      ],
      notes: ['Upper bounds: they contain the whole question that sees the event, asked again and again.'],
      limits:
        "the log's commit, the notification, and the question itself: all in one process, next to the ingest of the other events.",
    };
  },
};

async function probeFor(house: House, seconds: number, nextProbe: () => number): Promise<readonly number[]> {
  const delaysMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    delaysMs.push(await probe(house, nextProbe()));
    await sleep(PAUSE_MS);
  }
  return delaysMs;
}

type Answer = { readonly speed: { readonly line_items: number } };

/** Posts the n-th probe and asks until n are counted. */
async function probe({ url }: House, expected: number): Promise<number> {
  await postNdjson(url, `${makeEvent(PROBES)}\n`);
  const acknowledgedMs = performance.now();
  for (;;) {
    const { speed } = await getJson<Answer>(`${url}/metrics/revenue?layer=speed&category=${PROBES}`);
    if (speed.line_items >= expected) return performance.now() - acknowledgedMs;
  }
}
