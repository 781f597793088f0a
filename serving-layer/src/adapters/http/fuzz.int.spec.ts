import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anEvent, anInvalidValue } from '@tandem/shared/testing/arbitraries';
import fc from 'fast-check';
import { type House, openHouse } from '../../testing/serving-house.js';

const REQUESTS = 3_000;
const AT_A_TIME = 20;

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom("'; DROP TABLE x --", '\0', '__proto__', '💣', '%', '1e400', '2026-01-31'),
);
const name = fc.oneof(
  text,
  fc.constantFrom(
    'category',
    'country',
    'group_by',
    'from',
    'to',
    'layer',
    'granularity',
    'format',
    'limit',
    'explain',
  ),
);
const value = fc.oneof(
  text,
  fc.constantFrom('batch', 'speed', 'hour', 'day', 'csv', 'category', 'country', '1', '2026-01-30T00:00:00Z'),
);
const path = fc.oneof(
  fc.constantFrom(
    '/metrics/revenue',
    '/metrics/tickets',
    '/compare/revenue',
    '/metrics',
    '/batch/runs',
    '/dead-letters',
    '/ledger',
    '/ready',
  ),
  text.map((piece) => `/metrics/${encodeURIComponent(piece)}`),
  text.map((piece) => `/batch/runs/${encodeURIComponent(piece)}`),
);
const question = fc.tuple(path, fc.array(fc.tuple(name, value), { maxLength: 4 })).map(([path, parameters]) => ({
  path: `${path}?${parameters.map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&')}`,
}));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((raw) => Buffer.from(raw)),
  fc.json().map(Buffer.from),
  anInvalidValue.map((raw) => raw ?? Buffer.alloc(0)),
  anEvent.map((event) => Buffer.from(JSON.stringify([event, { ...event, amount: -1 }]))),
  fc.nat(60_000).map((depth) => Buffer.from('['.repeat(depth))),
);
const writing = fc.record({
  path: fc.constantFrom('/events', '/batch/runs', '/batch/rollback'),
  body: bytes,
  type: fc.constantFrom('application/json', 'application/x-ndjson', 'text/plain', 'application/json; charset=x'),
});

/** Query strings as a hostile caller writes them: some escaped, some not. */
function encode(piece: string): string {
  return encodeURI(Buffer.from(piece).toString('utf8')).replaceAll('#', '%23');
}

describe('any request', () => {
  it('is answered with 2xx or 4xx and a whole body, and the service lives on', async () => {
    const requests = fc.sample(fc.oneof(question, writing), { numRuns: REQUESTS, seed: 7 });
    const send = async (request: (typeof requests)[number]) => {
      const response =
        'body' in request
          ? await house.post(request.path, request.body, { 'Content-Type': request.type })
          : await house.get(request.path);
      const isWhole = typeof (await response.text()) === 'string';
      return { request, status: response.status, isWhole };
    };
    for (let at = 0; at < requests.length; at += AT_A_TIME) {
      const answers = await Promise.all(requests.slice(at, at + AT_A_TIME).map(send));
      expect(answers.filter(({ status }) => status < 200 || status >= 500)).toEqual([]);
    }
    expect((await house.get('/health')).status).toBe(200);
  }, 120_000);
});
