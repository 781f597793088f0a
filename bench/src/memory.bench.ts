import type { Benchmark, Context, Row } from './benchmark.js';
import { formatSpread } from './harness/format.js';
import { askForRun, getJson, untilCaughtUp } from './harness/house.js';
import { type MemorySample, startSampling, stretchesOf } from './harness/memory-samples.js';
import { type MergedAnswer, MergedAnswers } from './harness/merged-answers.js';
import { startPaced } from './harness/pace.js';
import { openServicesHouse, type ServicesHouse } from './harness/services-house.js';
import { refuseUndropped } from './harness/speed-processes.js';
import { spreadOf } from './harness/spread.js';
import { checkTotals, pickTotals } from './harness/totals.js';
import { writeShopRecords } from './shop/shop-records.js';
import { TopicFeeder } from './shop/topic-feeder.js';

/** After each of them a batch run; the last runs that are kept then hold a seventh of the events, from early on. */
const STEPS = 20;
const PARTS = 5;
const QUESTIONS_PER_SECOND = 5;
const QUESTION = '/metrics/revenue?group_by=category';
const LARGEST_GROWTH = 1.1;

/** Resident memory of each process while events flow through Kafka and batch runs follow each other. */
export const memory: Benchmark = {
  name: 'memory',
  title: 'resident memory of the three processes while events flow',
  run: async (context) => {
    const { sizes, place, say } = context;
    const { events, days } = sizes.memory;
    say(`writing ${events} events`);
    const { file, totals } = await writeShopRecords(place, 'memory', sizes.memory);
    const house = await openServicesHouse(place);
    const samples = await flow(context, house, file);
    checkTotals('the three processes', await answeredBy(house), pickTotals(totals, ANSWERED));
    refuseUndropped(await house.view());
    const names = Object.keys(samples[0]?.residentMb ?? {}) as Name[];
    return {
      sizes: `${events.toLocaleString('en-US')} events of ${days} days through Kafka, an incremental run after each ${(events / STEPS).toLocaleString('en-US')}, ${QUESTIONS_PER_SECOND} merged questions a second.`,
      rows: names.filter((name) => name !== 'redis').map((name) => rowOf(samples, name, events)),
      limits:
        'what fills up at first: in the speed layer the duplicate windows (at most 400,000 identities in each partition) and the segments above the oldest kept boundary, in the serving layer a copy of those segments and what it remembers of answers, in the batch layer one chunk of the log and what DuckDB may hold. What comes and goes from then on is garbage that is not collected yet: in a measurement of its own with a forced collection every 15 s, a speed worker held 140 to 185 MB and the serving layer 370 to 445 MB from 2 M events to 10 M, without growth.',
      notes: names.map((name) => noteOf(samples, name, events)),
    };
  },
};

type Name = 'speed-layer' | 'serving-layer' | 'batch-layer' | 'redis';

/** Lets all events flow, and returns what was seen meanwhile. */
async function flow({ place, sizes, say }: Context, house: ServicesHouse, file: string) {
  const { events } = sizes.memory;
  const feeder = await TopicFeeder.open(house.services.brokers, house.topic, file);
  place.atEnd(() => feeder.close());
  let fed = 0;
  const answers = new MergedAnswers();
  const asking = startPaced(QUESTIONS_PER_SECOND, async () =>
    answers.add(await getJson<MergedAnswer>(house.url + QUESTION)),
  );
  const sampling = startSampling<Name>(sizes.isQuick ? 10 : 2, pidsOf(house), () => fed);
  let running = Promise.resolve();
  for (let step = 1; step <= STEPS; step++) {
    const next = Math.round((step * events) / STEPS);
    fed += await feeder.feed(next - fed);
    await running;
    await untilCaughtUp(house);
    running = askForRun(house, 'incremental');
    running.catch(() => {});
    say(`${fed} events, ${describe(sampling.samples.at(-1))}`);
  }
  await running;
  await Promise.all([sampling.stop(), asking.stop()]);
  answers.refuseOneSided();
  return sampling.samples;
}

function pidsOf({ layers, services }: ServicesHouse): Readonly<Record<Name, number>> {
  return {
    'speed-layer': layers['speed-layer'].program.pid,
    'serving-layer': layers['serving-layer'].program.pid,
    'batch-layer': layers['batch-layer'].program.pid,
    redis: services.pids.redis,
  };
}

function describe(sample: MemorySample<Name> | undefined): string {
  return Object.entries(sample?.residentMb ?? {})
    .map(([name, megabytes]) => `${name} ${megabytes.toFixed(0)} MB`)
    .join(', ');
}

/** From two fifths to the end: what fills up has filled up by then. */
function rowOf(samples: readonly MemorySample<Name>[], name: Name, events: number): Row {
  const stretches = stretchesOf(samples, name, events, PARTS);
  const [middle, last] = [stretches[1], stretches.at(-1)];
  if (!middle || !last) throw new RangeError(`found ${stretches.length} stretches; allowed are at least 2`);
  const [from, to] = [2 / PARTS, 1].map((share) => millions(share * events));
  return {
    what: `${name}, up to ${to}; peer: up to ${from}`,
    unit: 'MB',
    ours: last,
    peer: middle,
    ratio: spreadOf([last.median / middle.median]),
    goal: { atMost: LARGEST_GROWTH },
  };
}

function noteOf(samples: readonly MemorySample<Name>[], name: Name, events: number): string {
  const stretches = stretchesOf(samples, name, events, PARTS).map(
    (spread, part) => `${millions(((part + 1) * events) / PARTS)} ${formatSpread(spread, 'MB')}`,
  );
  return `${name}, MB up to: ${stretches.join(', ')}.`;
}

function millions(events: number): string {
  return `${events / 1e6} M`;
}

const ANSWERED = ['revenue.gross', 'revenue.refunds', 'revenue.line_items', 'tickets.opened', 'tickets.closed'];
const UNITS: Readonly<Record<string, number>> = { gross: 10_000, refunds: 10_000 };

/** What the merged answers come to, money in ten-thousandths. */
async function answeredBy({ url }: ServicesHouse): Promise<Readonly<Record<string, number>>> {
  type Answer = { readonly merged: Readonly<Record<string, number>> };
  const found = ANSWERED.map(async (total) => {
    const [metric, measure = ''] = total.split('.');
    const { merged } = await getJson<Answer>(`${url}/metrics/${metric}`);
    return [total, Math.round((merged[measure] ?? Number.NaN) * (UNITS[measure] ?? 1))] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}
