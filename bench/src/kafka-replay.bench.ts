import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { loadMetrics } from '@tandem/shared';
import type { Benchmark, Context, Row } from './benchmark.js';
import { readingOf, withServers } from './harness/fleet.js';
import { formatSpread } from './harness/format.js';
import { measureAgainst, oursOverPeer } from './harness/pairs.js';
import type { Reading } from './harness/peer-process.js';
import { type Servers, startServers } from './harness/speed-processes.js';
import { spreadOf } from './harness/spread.js';
import { checkTotals, totalsOf } from './harness/totals.js';
import { buildKafkaStreamsPeer, readByKafkaStreams, type StreamsMode } from './peers/kafka-streams.js';
import { readByKafkajs } from './peers/kafkajs-each-batch.js';
import { type FilledTopic, fillKafka } from './shop/fill-kafka.js';

const TOPIC = 'bench-replay';
/** DUPLICATE_WINDOW_EVENTS as it is by default. */
const REACH = 200_000;

/** Speed workers on Kafka and Redis, against a bare kafkajs reader and a Kafka Streams application with the same work. */
export const kafkaReplay: Benchmark = {
  name: 'kafka-replay',
  title: 'the Kafka topic into the realtime view in Redis',
  run: async (context) => {
    const { sizes, place, say } = context;
    const servers = await startServers(context);
    say('building the Kafka Streams peer');
    await buildKafkaStreamsPeer();
    say(`writing ${sizes.kafkaReplay.events} events into the topic`);
    const filled = await fillKafka(place, servers.brokers, TOPIC, sizes.kafkaReplay);
    const { rows, notes } = await measure(context, servers, filled);
    return {
      sizes: `${sizes.kafkaReplay.events.toLocaleString('en-US')} records of ${sizes.kafkaReplay.days} days, 1 % of them copies, ${filled.valueBytes} bytes each on average, in 4 partitions. Broker and Redis run on the same cores.`,
      rows,
      limits:
        "the processor: three and a half times that of the bare reader for each record. Reading alone (kafkajs, threads, the group), measured with a fold that does nothing, takes 2 of the 7 µs of a worker once it runs; decoding and validating 1.4 (JSON.parse 0.75), fold, window and sketches 1.0, taking over and encoding for Redis 0.8, each by itself in one thread. The rest is what they cost together: garbage is 17 % of the profile, and by the collector's trace 100 MB at a time of what it keeps for long is garbage: batches in flight that outlive several collections.",
      notes,
    };
  },
};

async function measure({ sizes, place, say }: Context, servers: Servers, filled: FilledTopic) {
  const { brokers } = servers;
  const streams = async (mode: StreamsMode) => {
    const folder = join(place.folder, `streams-${randomUUID()}`);
    const reading = await readByKafkaStreams({ brokers, topic: TOPIC, mode, reach: REACH, folder });
    return checked(WHO[mode], reading, filled);
  };
  const ours = recorded(servers, () => readByFleet(servers, filled));
  const peers = {
    bare: recorded(servers, () => readByKafkajs(brokers, TOPIC)),
    durable: recorded(servers, () => streams('durable')),
    volatile: recorded(servers, () => streams('volatile')),
  };
  const sides = Object.values(peers).map(({ side }) => side);
  const measured = await measureAgainst({
    pairs: sizes.pairs,
    ours: ours.side,
    peers: sides,
    ratio: oursOverPeer,
    say,
  });
  const rows = measured.map((spreads, index): Row => ({ ...COMPARED[index], ...spreads, unit: 'records/s' }) as Row);
  return { rows, notes: Object.entries({ ours, ...peers }).map(([who, { taken }]) => noteOf(WHO[who as Who], taken)) };
}

const WORK = 'decode, validate, deduplicate, fold, sketch, apply';
const COMPARED = [
  { what: `${WORK}; peer: kafkajs eachBatch and JSON.parse, one process`, goal: { atLeast: 0.75 } },
  { what: `${WORK}; peer: Kafka Streams, changelog and exactly_once_v2, two threads`, goal: { atLeast: 1 } },
  { what: `${WORK}; peer: Kafka Streams with neither, two threads`, goal: { atLeast: 0.7 } },
];
const WHO = {
  ours: 'speed workers',
  bare: 'kafkajs',
  durable: 'Kafka Streams with changelog',
  volatile: 'Kafka Streams without',
} as const;
type Who = keyof typeof WHO;

/** A side that gives its rate and keeps its readings, that of the round that warms up among them. */
function recorded({ pids }: Servers, read: () => Promise<Reading>) {
  const taken: Reading[] = [];
  const side = async () => {
    const reading = await withServers(pids, read);
    taken.push(reading);
    return reading.records / reading.seconds;
  };
  return { side, taken };
}

async function readByFleet({ startFleet }: Servers, filled: FilledTopic): Promise<Reading> {
  const metrics = await loadMetrics();
  const fleet = await startFleet(TOPIC);
  try {
    const reading = await readingOf(fleet, filled.ends);
    return checked(WHO.ours, { ...reading, totals: totalsOf(await fleet.view(), metrics) }, filled);
  } finally {
    await fleet.stop();
  }
}

/** Whoever did less work was not quicker. */
function checked(who: string, reading: Reading, { totals }: FilledTopic): Reading {
  checkTotals(who, reading.totals ?? {}, totals);
  return reading;
}

function noteOf(who: string, taken: readonly Reading[]): string {
  const perRecord = spreadOf(taken.slice(1).map(({ cpuSeconds, records }) => (cpuSeconds / records) * 1e6));
  return `${who}: ${formatSpread(perRecord)} µs of processor time a record, start and servers included.`;
}
