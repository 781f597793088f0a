import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { partitionOf } from '@tandem/shared';
import { CopyCount } from './copy-count.js';

type Line = { from: number; read: number; duplicate: number };

const close: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(close.splice(0).map((one) => one()));
});

/** A service whose account is what a test says; `status` is of every answer. */
async function service(partitions: Line[]) {
  const state = { partitions, cold: null as string | null, lags: [] as (number | null)[], status: 200 };
  const server = createServer((request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    const bodies: Record<string, unknown> = {
      '/ledger': { speed: { cold: state.cold, partitions: state.partitions } },
      '/metrics': { metrics: [{ name: 'revenue' }] },
    };
    const answer = () => ({ freshness: { speed_lag_events: state.lags.length > 0 ? state.lags.shift() : 0 } });
    response.writeHead(state.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(bodies[path] ?? answer()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  close.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { state, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

/** A key of each partition of two. */
const KEYS = [0, 1].map((wanted) => ['a', 'b', 'c', 'd', 'e', 'f'].find((key) => partitionOf(key, 2) === wanted) ?? '');
const line = (read: number, duplicate: number, from = 0): Line => ({ from, read, duplicate });

/** Sends three events to the first partition and two to the second, after which the account is `after`. */
async function countWith(after: Line[], change: Partial<{ cold: string; status: number }> = {}) {
  const { state, url } = await service([line(100, 10), line(200, 20)]);
  const count = await CopyCount.begin(url);
  for (const partition of [0, 0, 0, 1, 1]) count.add(KEYS[partition] ?? '');
  Object.assign(state, { partitions: after, ...change });
  return count.end();
}

describe('copies among what was sent', () => {
  it.each([
    ['none', [line(103, 10), line(202, 20)], { min: 0, max: 0 }],
    ['some', [line(103, 11), line(202, 22)], { min: 3, max: 3 }],
    ['none, although others wrote', [line(110, 10), line(210, 20)], { min: 0, max: 0 }],
    ['all, and others wrote one in each partition', [line(104, 13), line(203, 22)], { min: 3, max: 5 }],
    ['some, and others wrote where there are no copies', [line(103, 12), line(209, 20)], { min: 2, max: 2 }],
    ['no more than were sent', [line(150, 50), line(202, 20)], { min: 0, max: 3 }],
  ])('are counted: %s', async (_, after, copies) => {
    expect(await countWith(after)).toEqual(copies);
  });

  it.each([
    ['a batch run was published', [line(3, 0, 100), line(202, 20)], {}, /batch run was published/],
    [
      'the view is being rebuilt',
      [line(103, 10), line(202, 20)],
      { cold: 'rebuilding' },
      /does not know yet: rebuilding/,
    ],
    ['the service answers otherwise', [line(103, 10), line(202, 20)], { status: 503 }, /GET \/metrics answered 503/],
    ['less was read than was sent', [line(102, 10), line(202, 20)], {}, /fewer records than were sent/],
  ])('are not known where %s', async (_, after, change, reason) => {
    expect(await countWith(after, change)).toEqual({ unknown: expect.stringMatching(reason) });
  });

  it('are counted when all of the log has been read, and not before', async () => {
    const { state, url } = await service([line(0, 0)]);
    const count = await CopyCount.begin(url);
    count.add('a');
    state.lags = [3, null, 1];
    const counted = count.end();
    state.partitions = [line(1, 1)];
    expect(await counted).toEqual({ min: 1, max: 1 });
    expect(state.lags).toEqual([]);
  });

  it('are not known where nothing answers', async () => {
    const { url } = await service([]);
    await Promise.all(close.splice(0).map((one) => one()));
    const count = await CopyCount.begin(url);
    count.add('a');
    expect(await count.end()).toEqual({ unknown: expect.stringMatching(/./) });
  });
});
