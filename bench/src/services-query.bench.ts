import type { Benchmark, Context, Row } from './benchmark.js';
import { fillHouse } from './harness/fill-house.js';
import { getJson, whileBatchRuns } from './harness/house.js';
import { whileIngesting } from './harness/ingest.js';
import { type MergedAnswer, MergedAnswers } from './harness/merged-answers.js';
import { loadPaced } from './harness/pace.js';
import { measurePairs, oursOverPeer } from './harness/pairs.js';
import { openServicesHouse, type ServicesHouse } from './harness/services-house.js';

const REQUESTS_PER_SECOND = 50;
const EVENTS_PER_SECOND = 1_000;
/** In turn: what a dashboard asks. */
const QUESTIONS = ['/metrics/revenue', '/metrics/revenue?category=books', '/metrics/revenue?group_by=category'];
const LONGEST_P99_MS = 50;

/** Merged answers at a steady rate, with the realtime view in Redis, while batch runs work in another process. */
export const servicesQuery: Benchmark = {
  name: 'services-query',
  title: 'merged answers over HTTP, three processes on Kafka and Redis',
  run: async (context) => {
    const { sizes, place } = context;
    const size = sizes.servicesQuery;
    const house = await openServicesHouse(place);
    await fillHouse(context, house, size);
    const { row, runs } = await whileIngesting(house.url, EVENTS_PER_SECOND, () => measure(context, house));
    return {
      sizes: `${size.events.toLocaleString('en-US')} events of ${size.days} days, and ${EVENTS_PER_SECOND.toLocaleString('en-US')} new ones a second, so that there is something to merge and no answer is like the one before; ${REQUESTS_PER_SECOND} requests/s, evenly, ${size.seconds} s each: ${QUESTIONS.join(', ')} in turn.`,
      rows: [row],
      limits:
        'the broker, asked in two requests for each answer where the log ends: traced within the serving layer over one run, it answered after 50 to 150 ms for about a second, when the two cores were busiest, and all that was asked meanwhile waited, while the realtime view took at most 65 ms and Postgres 50. Postgres takes in the rows of a run with up to 98 % of a core. The first answers after a run, worked out from nothing, took 30 to 70 ms.',
      notes: [
        'A time counts from when the question was due, so waiting for the one before is in it.',
        `Full runs under way in each of the measurements: ${runs.join(', ')}.`,
      ],
    };
  },
};

/** The peer is ours without runs: it says what they cost, and the aim is for the answers beside them. */
async function measure({ sizes, say }: Context, house: ServicesHouse) {
  const runs: number[] = [];
  const p99 = () => p99Of(house, sizes.servicesQuery.seconds);
  const besideRuns = async () => {
    const { result, runs: count } = await whileBatchRuns(house, p99);
    runs.push(count);
    return result;
  };
  say(`p99 while batch runs work, ${REQUESTS_PER_SECOND} requests/s`);
  const options = { pairs: sizes.pairs, ours: besideRuns, peer: p99, ratio: oursOverPeer, say };
  const { ours, peer } = await measurePairs(options);
  const what = 'p99 while full runs follow each other; peer: the same without runs';
  const row: Row = { what, unit: 'ms', ours, peer, goal: { atMost: LONGEST_P99_MS } };
  return { row, runs: runs.slice(1) };
}

async function p99Of({ url }: ServicesHouse, seconds: number): Promise<number> {
  const answers = new MergedAnswers();
  let asked = 0;
  const { p99Ms } = await loadPaced(REQUESTS_PER_SECOND, seconds, async () => {
    const question = QUESTIONS[asked++ % QUESTIONS.length];
    answers.add(await getJson<MergedAnswer>(`${url}${question}`));
  });
  answers.refuseOneSided();
  return p99Ms;
}
