import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { newDataFolder } from '@tandem/lab/testing/tandem-process';
import { TandemError } from '@tandem/shared';
import type { Benchmark, Context } from './benchmark.js';
import { type House, openHouse, postFile } from './harness/house.js';
import { secondsOf } from './harness/pairs.js';
import { spreadOf } from './harness/spread.js';
import { writeNdjson } from './shop/write-ndjson.js';

/** A year of a real shop, if it lies beside the project: 541,909 rows, published by the UCI. */
const DATA = new URL('../../../shared/data/online-retail/', import.meta.url);
const SALES = fileURLToPath(new URL('online-retail.csv.gz', DATA));
const CATEGORIES = fileURLToPath(new URL('stockcode_category.csv', DATA));
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const COMMANDS = fileURLToPath(new URL('../../lab/bin/tandem.mjs', import.meta.url));
/** Sale lines of the real shop's year, each counted once. */
const SALE_LINES = 524_877;
const DAYS = 365;
const LONGEST_WAIT_MS = 30_000;
const POLL_MS = 100;

/** Everything a new Tandem takes in: the real shop's year by the importer, or as many generated events as one stream. */
export const importing: Benchmark = {
  name: 'import',
  title: 'starting, and taking in a year of a shop',
  run: async (context) => {
    const { sizes, say } = context;
    const source = await chooseSource(context);
    const [ready, readyAgain, imported]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < sizes.pairs; round++) {
      const dataFolder = await newDataFolder();
      const first = await openTimed(context, dataFolder);
      imported.push(await secondsOf(() => source.takeIn(first.house)));
      await source.check(first.house);
      await first.house.stop();
      const again = await openTimed(context, dataFolder);
      await again.house.leave();
      ready.push(first.seconds);
      readyAgain.push(again.seconds);
      say(
        `round ${round + 1} of ${sizes.pairs}: ready in ${first.seconds.toFixed(2)} s, taken in in ${imported.at(-1)?.toFixed(1)} s`,
      );
    }
    return {
      sizes: source.describe,
      rows: [
        { what: source.what, unit: 's', ours: spreadOf(imported), goal: { atMost: 15 } },
        { what: 'from start to ready, new data folder', unit: 's', ours: spreadOf(ready), goal: { atMost: 5 } },
        { what: 'from start to ready, the same again: its log is replayed', unit: 's', ours: spreadOf(readyAgain) },
      ],
      notes: ['Ready is `GET /ready` saying 200 in a process of its own; the build is not in it.'],
      limits:
        'parsing rows and posting them in one process, validating and appending in another, Postgres in a third, on the cores there are.',
    };
  },
};

async function openTimed({ place }: Context, dataFolder: string): Promise<{ house: House; seconds: number }> {
  const startMs = performance.now();
  const house = await openHouse(place, dataFolder);
  return { house, seconds: (performance.now() - startMs) / 1000 };
}

type Source = {
  readonly describe: string;
  readonly what: string;
  takeIn(house: House): Promise<void>;
  check(house: House): Promise<void>;
};

async function chooseSource(context: Context): Promise<Source> {
  const isThere = await access(SALES).then(
    () => true,
    () => false,
  );
  return isThere && !context.sizes.isQuick ? realShop() : await generatedShop(context);
}

function realShop(): Source {
  return {
    describe: 'UCI Online Retail, 541,909 rows, gzipped CSV with categories, in an empty Tandem each time.',
    what: 'npm run import -- online-retail, until all is acknowledged',
    takeIn: runImport,
    check: untilCounted,
  };
}

async function runImport({ url }: House): Promise<void> {
  const words = [COMMANDS, 'import', 'online-retail', SALES, '--categories', CATEGORIES, '--url', url];
  const child = spawn(process.execPath, words, { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'ignore'] });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new TandemError('internal', `the import ended with code ${code}`);
}

/** Asks until the speed layer has counted every sale: a time says nothing where not all was taken in. */
async function untilCounted({ url }: House): Promise<void> {
  const deadlineMs = performance.now() + LONGEST_WAIT_MS;
  for (;;) {
    const answer = (await (await fetch(new URL('/metrics/revenue', url))).json()) as {
      merged?: { line_items: number };
    };
    if (answer.merged?.line_items === SALE_LINES) return;
    if (performance.now() > deadlineMs) {
      throw new TandemError('internal', `found ${answer.merged?.line_items} sale lines; expected ${SALE_LINES}`);
    }
    await sleep(POLL_MS);
  }
}

async function generatedShop({ sizes, place, say }: Context): Promise<Source> {
  const events = sizes.importEvents;
  say(`generating ${events} events`);
  const [file] = await writeNdjson(place, { events, days: DAYS }, 1);
  return {
    describe: `${events.toLocaleString('en-US')} generated events, in an empty Tandem each time.`,
    what: 'one NDJSON stream to POST /events, until all is acknowledged',
    takeIn: (house) => postFile(house, file),
    check: async () => {},
  };
}
