import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { QUICK_SIZES } from '../sizes.js';
import { measureFreshness, refuseLowRate } from './freshness.js';

const UNSEEN_ANSWERS = 6;
const ANSWER_MS = 5;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Leaves an event out of the first answers after it was acknowledged, then counts it as often as `times` says. */
async function pretend(times: (line: string) => number): Promise<string> {
  const taken: { readonly line: string; unseen: number }[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const lines = (await text(request)).trim().split('\n');
    for (const line of lines) {
      for (let copy = 0; copy < times(line); copy++) taken.push({ line, unseen: UNSEEN_ANSWERS });
    }
    response.writeHead(202).end(JSON.stringify({ accepted: lines.length, refused: [] }));
  };
  const answer = async (url: string, response: ServerResponse) => {
    await sleep(ANSWER_MS);
    const category = new URL(url, 'http://localhost').searchParams.get('category') ?? '';
    const found = taken.filter(({ line, unseen }) => unseen === 0 && line.includes(category)).length;
    for (const one of taken) one.unseen = Math.max(0, one.unseen - 1);
    response.end(JSON.stringify({ speed: { line_items: found } }));
  };
  server = createServer((request, response) => {
    void (request.method === 'POST' ? take(request, response) : answer(request.url ?? '', response));
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const context = { sizes: { ...QUICK_SIZES, pairs: 1 }, say: () => {} };
/** Fifty requests come in, of one event at least: so a slow machine, too, comes to the rate that is aimed at. */
const options = { eventsPerSecond: 1, seconds: 0.3, goalMs: 250 };

describe('measureFreshness', () => {
  it('is the time from the acknowledgement to the answer that counts the probe', async () => {
    const { rows } = await measureFreshness(context, { url: await pretend(() => 1), ...options });
    const [p50, p99] = rows;
    expect(p50?.ours.median).toBeGreaterThan((UNSEEN_ANSWERS - 1) * ANSWER_MS);
    expect(p99?.ours.median).toBeGreaterThanOrEqual(p50?.ours.median ?? Number.NaN);
    expect(p99?.goal).toEqual({ atMost: 250 });
  });

  it('throws when what came in besides the probes is counted twice', async () => {
    const url = await pretend((line) => (line.includes('books') ? 2 : 1));
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
