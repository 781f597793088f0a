import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { QUICK_SIZES } from '../sizes.js';
import { measureFreshness, refuseLowRate } from './freshness.js';

const VISIBLE_AFTER_MS = 40;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Counts an event so long after it has acknowledged it, as often as `times` says. */
async function pretend(times: (line: string) => number): Promise<string> {
  const counted: string[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const lines = (await text(request)).trim().split('\n');
    setTimeout(
      () => counted.push(...lines.flatMap((line) => new Array<string>(times(line)).fill(line))),
      VISIBLE_AFTER_MS,
    );
    response.writeHead(202).end(JSON.stringify({ accepted: lines.length, refused: [] }));
  };
  const answer = async (url: string, response: ServerResponse) => {
    await sleep(1);
    const category = new URL(url, 'http://localhost').searchParams.get('category') ?? '';
    const found = counted.filter((line) => line.includes(category)).length;
    response.end(JSON.stringify({ speed: { line_items: found } }));
  };
  server = createServer((request, response) => {
    void (request.method === 'POST' ? take(request, response) : answer(request.url ?? '', response));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const context = { sizes: { ...QUICK_SIZES, pairs: 1 }, say: () => {} };
/** Fifty requests of whole events make a hundred of them: so a slow machine, too, comes to the rate that is aimed at. */
const options = { eventsPerSecond: 60, seconds: 0.3, goalMs: 250 };

describe('measureFreshness', () => {
  it('is the time from the acknowledgement to the answer that counts the probe', async () => {
    const { rows } = await measureFreshness(context, { url: await pretend(() => 1), ...options });
    const [p50, p99] = rows;
    expect(p50?.ours.median).toBeGreaterThan(VISIBLE_AFTER_MS - 5);
    expect(p99?.ours.median).toBeGreaterThanOrEqual(p50?.ours.median ?? Number.NaN);
    expect(p99?.goal).toEqual({ atMost: 250 });
  });

  it('throws when what came in besides the probes is counted twice', async () => {
    const url = await pretend((line) => (line.includes('garden') ? 2 : 1));
    await expect(measureFreshness(context, { url, ...options })).rejects.toThrow(/found \d+ order lines counted/);
  });
});

describe('refuseLowRate', () => {
  it('takes a rate that is near what was aimed at, and no other', () => {
    expect(() => refuseLowRate(9_600, 10_000)).not.toThrow();
    expect(() => refuseLowRate(9_400, 10_000)).toThrow(
      'found 9,400 events/s acknowledged; allowed are at least 9,500, as 10,000 are aimed at',
    );
  });
});
