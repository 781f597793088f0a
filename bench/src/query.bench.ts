import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Context, Row } from './benchmark.js';
import { fillHouse } from './harness/fill-house.js';
import { getJson, type House, openHouse, whileBatchRuns } from './harness/house.js';
import { whileIngesting } from './harness/ingest.js';
import { CONNECTIONS, load } from './harness/load.js';
import { loadPaced } from './harness/pace.js';
import { measurePairs, oursOverPeer } from './harness/pairs.js';

const SHAPES: Readonly<Record<string, string>> = {
  plain: '/metrics/revenue',
  'one category': '/metrics/revenue?category=books',
  'by category': '/metrics/revenue?group_by=category',
  'by day': '/metrics/revenue?granularity=day',
};
const PLAIN = '/metrics/revenue';
const PEER_MAIN = fileURLToPath(new URL('./peers/express-static.js', import.meta.url));

const INGEST_EVENTS_PER_SECOND = 3_000;
const STEADY_REQUESTS_PER_SECOND = 500;

/** The merged answer over HTTP against express returning the same bytes; then while a batch run works, and under ingest. */
export const query: Benchmark = {
  name: 'query',
  title: 'merged answers over HTTP',
  run: async (context) => {
    const { sizes } = context;
    const house = await openHouse(context.place);
    await fillHouse(context, house, sizes.query);
    const rows = [
      ...(await compareShapes(context, house)),
      ...(await compareWithBatch(context, house)),
      await compareWithIngest(context, house),
    ];
    return {
      sizes: `${sizes.query.events.toLocaleString('en-US')} events of ${sizes.query.days} days, a twentieth of them above the boundary; ${CONNECTIONS} connections, ${sizes.query.seconds} s each; the load comes from the same machine.`,
      rows,
      notes: [
        'The default answer: merged, batch and speed, with boundary and freshness, worked out anew for each state.',
      ],
      limits:
        'the load generator shares the cores. Each answer is worked out anew when the realtime view has changed, so ingest costs most; a batch run takes what processor time is left, at lower priority.',
    };
  },
};

async function compareShapes({ sizes, place, say }: Context, house: House): Promise<Row[]> {
  const bodies: Record<string, string> = {};
  for (const path of Object.values(SHAPES)) bodies[path] = await (await fetch(house.url + path)).text();
  const file = join(place.folder, 'bodies.json');
  await writeFile(file, JSON.stringify(bodies));
  const peer = await startPeer(file);
  const rows: Row[] = [];
  try {
    for (const [shape, path] of Object.entries(SHAPES)) {
      say(`${shape}: ${path}`);
      const rate = (url: string) => async () => (await load(url + path, sizes.query.seconds)).requestsPerSecond;
      const options = { pairs: sizes.pairs, ours: rate(house.url), peer: rate(peer.url), ratio: oursOverPeer, say };
      const what = `${shape}, ${Buffer.byteLength(bodies[path] ?? '')} bytes; peer: express, the same bytes`;
      rows.push({ what, unit: 'requests/s', ...(await measurePairs(options)), goal: { atLeast: 0.6 } });
    }
  } finally {
    peer.stop();
  }
  return rows;
}

async function startPeer(file: string) {
  const child = spawn(process.execPath, [PEER_MAIN, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: line.toString().trim(), stop: () => child.kill() };
}

/** As fast as answers come, and at a steady rate that leaves the machine room. */
async function compareWithBatch({ sizes, say }: Context, house: House): Promise<Row[]> {
  const { seconds } = sizes.query;
  const rows: Row[] = [];
  const question = house.url + PLAIN;
  for (const rate of [undefined, STEADY_REQUESTS_PER_SECOND]) {
    const loading = () =>
      rate === undefined ? load(question, seconds) : loadPaced(rate, seconds, () => getJson(question));
    const p99 = async () => (await loading()).p99Ms;
    say(`p99 while a batch run works, ${rate ?? 'as many as possible'} requests/s`);
    const measured = await measurePairs({
      pairs: sizes.pairs,
      ours: async () => (await whileBatchRuns(house, p99)).result,
      peer: p99,
      ratio: oursOverPeer,
      say,
    });
    const what = `p99 of plain at ${rate === undefined ? 'full load' : `${rate} requests/s`} while full runs follow each other; peer: the same, idle`;
    rows.push({ what, unit: 'ms', ...measured, goal: { atMost: 2 } });
  }
  return rows;
}

async function compareWithIngest({ sizes, say }: Context, house: House): Promise<Row> {
  say(`plain under ingest of ${INGEST_EVENTS_PER_SECOND} events/s`);
  const rate = async () => (await load(house.url + PLAIN, sizes.query.seconds)).requestsPerSecond;
  const underIngest = () => whileIngesting(house.url, INGEST_EVENTS_PER_SECOND, rate);
  const measured = await measurePairs({ pairs: sizes.pairs, ours: underIngest, peer: rate, ratio: oursOverPeer, say });
  return {
    what: `plain under ingest of ${INGEST_EVENTS_PER_SECOND} events/s; peer: the same without`,
    unit: 'requests/s',
    ...measured,
  };
}
