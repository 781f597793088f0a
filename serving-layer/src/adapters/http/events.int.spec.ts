import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EventLog, TandemError } from '@tandem/shared';
import { overriding } from '../../testing/overriding.js';
import { type House, openHouse, problemOf } from '../../testing/serving-house.js';
import { ticket } from '../../testing/ticket.js';

const NDJSON = { 'Content-Type': 'application/x-ndjson' };
let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

describe('POST /events', () => {
  it('takes an object, an array and lines, and counts what it took', async () => {
    const before = (await house.records()).length;
    const answers = [
      await house.post('/events', JSON.stringify(ticket(1))),
      await house.post('/events', JSON.stringify([ticket(2), ticket(3)])),
      await house.post('/events', `${JSON.stringify(ticket(4))}\n\n${JSON.stringify(ticket(5))}`, NDJSON),
    ];
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([
      { accepted: 1, refused: [], refused_count: 0 },
      { accepted: 2, refused: [], refused_count: 0 },
      { accepted: 2, refused: [], refused_count: 0 },
    ]);
    expect((await house.records()).length - before).toBe(5);
  });

  it('takes gzip of both kinds', async () => {
    const gzip = { 'Content-Encoding': 'gzip' };
    expect((await house.post('/events', gzipSync(JSON.stringify([ticket(1)])), gzip)).status).toBe(202);
    expect((await house.post('/events', gzipSync(JSON.stringify(ticket(1))), { ...NDJSON, ...gzip })).status).toBe(202);
    expect((await house.post('/events', 'not gzip', gzip)).status).toBe(400);
    expect((await house.post('/events', 'not gzip', { ...NDJSON, ...gzip })).status).toBe(400);
    expect((await house.post('/events', '[]', { 'Content-Encoding': 'compress' })).status).toBe(415);
  });

  it('lists refusals one by one beside what was accepted', async () => {
    const response = await house.post(
      '/events',
      JSON.stringify([ticket(1), { ...ticket(2), occurred_at: '2019-11-31T00:00:00Z' }, {}]),
    );
    const body = await problemOf(response);
    expect([response.status, body.accepted, body.refused_count]).toEqual([202, 1, 2]);
    expect(body.refused).toEqual([
      { index: 1, path: 'occurred_at', reason: expect.stringContaining('2019-11-31') },
      { index: 2, path: expect.any(String), reason: expect.any(String) },
    ]);
  });

  it.each([
    ['an event of an unknown type', '{"type":"order_lost"}', 'application/json'],
    ['an empty array', '[]', 'application/json'],
    ['no body', '', 'application/json'],
    ['no line', '', 'application/x-ndjson'],
    ['lines of nonsense', 'a\nb\n', 'application/x-ndjson'],
    ['JSON that does not end', '[{', 'application/json'],
  ])('answers 400 to %s', async (_what, body, type) => {
    const response = await house.post('/events', body, { 'Content-Type': type });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it('answers 415 to other kinds of body, with those that are read', async () => {
    const response = await house.post('/events', 'a,b', { 'Content-Type': 'text/csv' });
    expect([response.status, (await problemOf(response)).allowed]).toEqual([
      415,
      ['application/json', 'application/x-ndjson'],
    ]);
  });

  it('answers 413 to a JSON body over the limit, declared or not', async () => {
    const large = JSON.stringify(Array.from({ length: 9_000 }, (_, id) => ticket(id)));
    expect(large.length).toBeGreaterThan(1_048_576);
    expect((await house.post('/events', large)).status).toBe(413);
    expect((await house.post('/events', gzipSync(large), { 'Content-Encoding': 'gzip' })).status).toBe(413);
    expect((await house.post('/events', large.slice(1, -1).replaceAll('},{', '}\n{'), NDJSON)).status).toBe(202);
  });

  it('reads a million lines that it refuses without collecting them', async () => {
    const chunk = Buffer.from('no event\n'.repeat(1_000));
    let peak = 0;
    const stream = new ReadableStream({
      pull(controller) {
        peak = Math.max(peak, process.memoryUsage().rss);
        if (sent++ < 1_000) controller.enqueue(chunk);
        else controller.close();
      },
    });
    let sent = 0;
    const before = process.memoryUsage().rss;
    const response = await house.get('/events', {
      method: 'POST',
      body: stream,
      headers: NDJSON,
      duplex: 'half',
    } as RequestInit);
    const body = await problemOf(response);
    expect([response.status, body.refused_count, body.refused?.length]).toEqual([400, 1_000_000, 100]);
    expect(peak - before).toBeLessThan(300_000_000);
  }, 120_000);
});

describe('a log that is in trouble', () => {
  const withLog = async (
    append: EventLog['append'],
    work: (house: House) => Promise<void>,
    environment: Readonly<Record<string, string>> = {},
  ) => {
    const troubled = await openHouse({ wrapLog: (log) => overriding(log, { append }), environment });
    try {
      await work(troubled);
    } finally {
      await troubled.close();
    }
  };

  it.each([
    ['overloaded', 429],
    ['unavailable', 503],
  ] as const)('because it is %s is told with status %i and Retry-After', async (code, status) => {
    const append = async () => {
      throw new TandemError(code, 'no room');
    };
    await withLog(append, async (troubled) => {
      for (const type of ['application/json', 'application/x-ndjson']) {
        const response = await troubled.post('/events', JSON.stringify(ticket(1)), { 'Content-Type': type });
        expect([
          response.status,
          response.headers.get('retry-after') !== null,
          (await problemOf(response)).accepted,
        ]).toEqual([status, true, 0]);
      }
    });
  });

  it('in the midst of a stream: the answer says how many were accepted, even while the caller still sends', async () => {
    let calls = 0;
    let taken = 0;
    const append: EventLog['append'] = async (records) => {
      if (++calls > 3) throw new TandemError('unavailable', 'the log is away');
      taken += records.length;
    };
    await withLog(append, async (troubled) => {
      const lines = Array.from({ length: 50_000 }, (_, id) => `${JSON.stringify(ticket(id))}\n`).join('');
      const response = await troubled.post('/events', lines, NDJSON);
      expect([response.status, (await problemOf(response)).accepted]).toEqual([503, taken]);
      expect(taken).toBeGreaterThan(0);
    });
  });

  it('that is slow has only so many waiting for it: further ones are told 429', async () => {
    let [calls, goOn] = [0, () => {}];
    const slow = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const append = async () => {
      if (++calls > 2) goOn();
      await slow;
    };
    const work = async (troubled: House) => {
      const asked = [1, 2, 3].map((id) => troubled.post('/events', JSON.stringify(ticket(id))));
      void Promise.race(asked).then(goOn);
      const responses = (await Promise.all(asked)).toSorted((a, b) => a.status - b.status);
      expect(responses.map(({ status }) => status)).toEqual([202, 202, 429]);
      expect(responses[2]?.headers.get('retry-after')).toBe('1');
      expect((await troubled.post('/events', JSON.stringify(ticket(4)))).status).toBe(202);
    };
    await withLog(append, work, { MAX_CONCURRENT_INGESTS: '2' });
  });
});
