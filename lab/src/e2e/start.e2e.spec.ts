import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomFrom } from '../testing/random.js';
import { sampleEvent } from '../testing/sample-events.js';
import { TandemClient } from '../testing/tandem-client.js';
import {
  databasePidOf,
  newDataFolder,
  RunningProgram,
  removeDataFolder,
  startTandem,
  type TandemProcess,
} from '../testing/tandem-process.js';

// Whole processes start here; on a busy machine that takes a while.
jest.setTimeout(120_000);

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const BATCH = fileURLToPath(new URL('../batch/main.js', import.meta.url));
const QUIET = { PORT: '0', DEMO_EVENTS_PER_SECOND: '0', BATCH_SCHEDULE: 'off' };

let dataFolder: string;
let started: RunningProgram[];

beforeEach(async () => {
  dataFolder = await newDataFolder();
  started = [];
});

afterEach(async () => {
  for (const program of started) if (!program.ending) await program.kill();
  await removeDataFolder(dataFolder);
});

async function start(settings: Record<string, string> = {}): Promise<TandemProcess> {
  const tandem = await startTandem({ dataFolder, settings });
  started.push(tandem);
  return tandem;
}

/** Runs a program of the lab to its end. */
async function run(program: string, settings: Record<string, string>, parameters: readonly string[] = []) {
  const running = new RunningProgram(program, parameters, { ...QUIET, DATA_DIR: dataFolder, ...settings });
  started.push(running);
  const { code } = await running.ended;
  return { code, output: running.output, lines: running.output.trim().split('\n') };
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function sendSampleEvents(tandem: TandemProcess): Promise<TandemClient> {
  const random = randomFrom(1);
  const client = new TandemClient(tandem.url);
  await client.ingest(Array.from({ length: 200 }, (_, number) => sampleEvent(random, 'start', number)));
  await client.untilCaughtUp();
  return client;
}

async function merged(client: TandemClient): Promise<unknown> {
  await client.untilCaughtUp();
  return (await client.answer('/metrics/revenue')).merged;
}

describe('starting and stopping Tandem', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends with code 0 at %s, and Postgres with it', async (signal) => {
    const tandem = await start();
    const database = await databasePidOf(dataFolder);
    expect(isAlive(database)).toBe(true);
    // A terminal and npm may both pass the same signal on.
    tandem.signal(signal);
    await sleep(20);
    tandem.signal(signal);
    expect(await tandem.ended).toEqual({ code: 0, signal: null });
    expect(isAlive(database)).toBe(false);
  });

  it('prints its address and three commands to try', async () => {
    const tandem = await start();
    while (!tandem.output.includes('Ctrl-C')) await sleep(20);
    expect(tandem.output).toContain(`Tandem answers at ${tandem.url}`);
    for (const command of ['curl', 'npm run batch', 'npm run import']) expect(tandem.output).toContain(`  ${command}`);
  });

  it('refuses a second start on the same folder in one line that names the first', async () => {
    const first = await start();
    const second = await run(MAIN, {});
    expect(second.code).toBe(1);
    expect(second.lines).toEqual([expect.stringMatching(`DATA_DIR: found .* in use by process ${first.pid};`)]);
    expect((await new TandemClient(first.url).get('/ready')).status).toBe(200);
  });

  it('refuses a taken port in one line, and leaves no Postgres behind', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const refused = await run(MAIN, { PORT: String(port) });
    other.close();
    expect(refused.code).toBe(1);
    expect(refused.lines).toEqual([expect.stringMatching(`PORT: found ${port}, which another program uses`)]);
    expect(await databasePidOf(dataFolder)).toBeUndefined();
  });

  it('names every bad setting at once, in one line', async () => {
    const refused = await run(MAIN, { PORT: 'http', BATCH_SCHEDULE: 'at night', LOG_PARTITIONS: '0' });
    expect(refused.code).toBe(1);
    expect(refused.lines).toHaveLength(1);
    for (const key of ['PORT', 'BATCH_SCHEDULE', 'LOG_PARTITIONS']) expect(refused.output).toContain(`${key}: found`);
  });

  it('refuses another number of partitions than the log was made with', async () => {
    await (await start({ LOG_PARTITIONS: '2' })).stop();
    const refused = await run(MAIN, { LOG_PARTITIONS: '3' });
    expect(refused.lines).toEqual([expect.stringMatching(/LOG_PARTITIONS: found 3, but the log .* has 2/)]);
  });

  it('wants the token for writing when there is one, and the demo shop has it', async () => {
    const tandem = await start({ API_TOKEN: 'a-token-for-tests', DEMO_EVENTS_PER_SECOND: '200' });
    const client = new TandemClient(tandem.url);
    expect((await client.post('/batch/runs')).status).toBe(401);
    const seen = async () => Number((await client.answer('/metrics/revenue')).merged['line_items']);
    while ((await seen()) === 0) await sleep(50);
  });

  it('gives the same answers after a clean stop and after kill -9', async () => {
    const first = await start();
    const client = await sendSampleEvents(first);
    await client.publish();
    await client.ingest(Array.from({ length: 50 }, (_, number) => sampleEvent(randomFrom(2), 'later', number)));
    const before = await merged(client);
    await first.kill();
    const second = await start();
    expect(await merged(new TandemClient(second.url))).toEqual(before);
    await second.stop();
    const third = await start();
    expect(await merged(new TandemClient(third.url))).toEqual(before);
  });
});

describe('npm run batch', () => {
  it('asks a running Tandem for a run and tells how it went', async () => {
    const tandem = await start();
    await sendSampleEvents(tandem);
    const { code, output } = await run(BATCH, {}, ['--url', tandem.url, '--mode', 'full']);
    expect(output).toMatch(
      /Run 1: published\nRun 1 \(full\) is published: 200 rows of \d+ days read again, 0 duplicates/,
    );
    expect(code).toBe(0);
  });

  it('runs alone on the data folder when nothing answers', async () => {
    const tandem = await start();
    const client = await sendSampleEvents(tandem);
    const before = await merged(client);
    await tandem.stop();
    const port = new URL(tandem.url).port;
    const { code, output } = await run(BATCH, { PORT: port });
    expect(output).toContain('is published: 200 rows');
    expect(code).toBe(0);
    expect(await databasePidOf(dataFolder)).toBeUndefined();
    const again = new TandemClient((await start()).url);
    const answer = await again.answer('/metrics/revenue');
    expect(answer.boundary.run).toBe(1);
    expect(answer.batch['line_items']).toBe((before as Record<string, number>)['line_items']);
  });

  it('says that the folder is in use when Tandem answers at another address', async () => {
    const tandem = await start();
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as { port: number };
    nobody.close();
    const { code, output } = await run(BATCH, { PORT: String(port) });
    expect(code).toBe(1);
    expect(output).toContain(`in use by process ${tandem.pid}`);
  });

  it('refuses an unknown mode', async () => {
    const { code, output } = await run(BATCH, {}, ['--mode', 'half']);
    expect(code).toBe(1);
    expect(output).toContain('--mode: found "half"; allowed: incremental, full');
  });
});
