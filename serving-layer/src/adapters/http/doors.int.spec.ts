import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, decodeEvent, type Logger } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { type House, openHouse, problemOf } from '../../testing/serving-house.js';
import { ticket } from '../../testing/ticket.js';
import { createApp } from './app.js';
import { answerBrokenRequests } from './connections.js';
import { eventsRoute } from './events-route.js';
import { Gate } from './gate.js';

const JSON_DOOR = { 'Content-Type': 'application/json' };
const NDJSON_DOOR = { 'Content-Type': 'application/x-ndjson' };
const DOORS = [JSON_DOOR, NDJSON_DOOR];
let house: House;
beforeAll(async () => {
  house = await openHouse();
});
const closing: Server[] = [];
afterAll(async () => {
  for (const server of closing) {
    server.closeAllConnections();
    server.close();
  }
  await house.close();
});

/** Lines that pack badly, so that half of the packed bytes is half of the lines. */
const lines = (count: number) =>
  Array.from({ length: count }, (_, id) => `${JSON.stringify(ticket(`${id}-${(id * 7_919_777) % 999_983}`))}\n`).join(
    '',
  );

type Said = { readonly status: number; readonly accepted: number; readonly reason: string };

/** What a door answers, and of a refusal its reason. */
async function said(body: string | Uint8Array, headers: Readonly<Record<string, string>>): Promise<Said> {
  const response = await house.post('/events', body, headers);
  const problem = await problemOf(response);
  const [refused] = (problem.refused ?? []) as readonly { readonly reason: string }[];
  return { status: response.status, accepted: problem.accepted ?? -1, reason: refused?.reason ?? problem.detail };
}

describe('text that is no JSON in UTF-8', () => {
  const event = JSON.stringify({ ...ticket(1), priority: 'café' });
  it.each([
    ['Latin-1', Buffer.from(event, 'latin1'), 'found bytes that are not UTF-8; allowed is JSON in UTF-8'],
    ['half a letter', Buffer.concat([Buffer.from(event), Buffer.from([0xc3])]), 'found bytes that are not UTF-8'],
    ['a surrogate as UTF-8', Buffer.from(`{"a":"\xed\xa0\x80"}`, 'latin1'), 'found bytes that are not UTF-8'],
    ['half an event', Buffer.from(event).subarray(0, 30), 'found JSON that is not whole'],
    ['an event and a half', Buffer.from(`${event} {"type"`), 'found text that is not JSON'],
    ['NaN', Buffer.from('{"type":NaN}'), 'found text that is not JSON'],
  ])('is refused with the same words at every door: %s', async (_, bytes, reason) => {
    for (const door of DOORS) {
      const answer = await said(bytes, door);
      expect(answer).toEqual({ status: 400, accepted: 0, reason: expect.stringContaining(reason) });
    }
    expect(decodeEvent(bytes)).toMatchObject({ refusal: { path: '', reason: expect.stringContaining(reason) } });
  });

  it('is refused whatever the charset, and a charset that changes no letter does not count', async () => {
    for (const door of DOORS) {
      const latin1 = { 'Content-Type': `${door['Content-Type']}; charset=iso-8859-1` };
      expect((await said(Buffer.from(event, 'latin1'), latin1)).status).toBe(400);
      expect(await said(event, latin1)).toMatchObject({ status: 400, reason: expect.stringContaining('"iso-8859-1"') });
      expect((await said(JSON.stringify(ticket(1)), latin1)).status).toBe(202);
      expect((await said(event, { 'Content-Type': `${door['Content-Type']};charset="UTF-8"` })).status).toBe(202);
    }
  });

  it('is not what a byte order mark makes of it', async () => {
    const marked = Buffer.from(`\ufeff${event}`);
    for (const door of DOORS) expect(await said(marked, door)).toMatchObject({ status: 202, accepted: 1 });
    expect(decodeEvent(marked)).toEqual(decodeEvent(Buffer.from(event)));
    const utf16 = Buffer.from(`\ufeff${event}`, 'utf16le');
    for (const door of DOORS) expect((await said(utf16, door)).reason).toContain('UTF-16');
  });
});

describe('a key that is there twice', () => {
  it.each([
    '"priority":"low",',
    '"priority" : { "a": ["]", "\\"}"] } , ',
    '"prior\\u0069ty":"low",',
    '"type":"ticket_closed",',
    '"customer_id":null,',
  ])('is refused at every door: %s', async (member) => {
    const text = `{${member}${JSON.stringify(ticket(1)).slice(1)}`;
    for (const door of DOORS) {
      expect(await said(text, door)).toMatchObject({
        status: 400,
        reason: expect.stringMatching(/^found the key ".*" more than once; allowed is each key once$/),
      });
    }
    expect(await said(`[${JSON.stringify(ticket(2))},${text}]`, JSON_DOOR)).toMatchObject({ status: 202, accepted: 1 });
  });

  it('is refused in what asks for a run', async () => {
    const response = await house.post('/batch/runs', '{"mode":"full","mode":"incremental"}');
    expect([response.status, (await problemOf(response)).detail]).toEqual([
      400,
      expect.stringContaining('"mode" more than once'),
    ]);
  });
});

function quickBrotli(data: string | Buffer): Buffer {
  return brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 3 } });
}

describe('what is asked for', () => {
  it.each([
    ['/batch/runs?limit=1&limit=2', 'limit: found ["1","2"]; allowed is one value'],
    ['/batch/runs?limit=%FF', 'found %FF in the query; allowed is UTF-8'],
    ['/batch/runs?limit=', 'limit: found ""; allowed is a whole number from 1 to 1000'],
    ['/batch/runs?limit=0x10', 'limit: found "0x10"; allowed is a whole number from 1 to 1000'],
    ['/batch/runs?limit=1e2', 'limit: found "1e2"; allowed is a whole number from 1 to 1000'],
    ['/dead-letters?limit=1001', 'limit: found "1001"; allowed is a whole number from 1 to 1000'],
    ['/dead-letters?limt=1', 'found the parameter "limt"; allowed are limit; did you mean limit?'],
    ['/batch/runs/x', 'id: found "x"; allowed is the number of a run'],
    ['/metrics/revenu', 'found the metric "revenu"; allowed are revenue, tickets; did you mean revenue?'],
    ['/metrics/%FF', 'allowed is UTF-8, percent-encoded'],
    ['/metrics/revenue?category=', 'category: found ""; allowed are 1 to 64 printable characters'],
  ])('is refused with the words of every door: %s', async (path, said) => {
    expect((await problemOf(await house.get(path))).detail).toContain(said);
  });

  it.each([
    ['{"mode":"ful"}', 'mode: found "ful"; allowed are incremental, full; did you mean full?'],
    ['{"mode":null}', 'mode: found null; allowed are incremental, full'],
    ['{"mod":"full"}', 'found "mod"; allowed are mode; did you mean mode?'],
    ['[]', 'body: found []; allowed is one JSON object'],
    ['"full"', 'body: found "full"; allowed is one JSON object'],
    ['{"mode"', 'body: found JSON that is not whole'],
    ['\xff', 'body: found bytes that are not UTF-8; allowed is JSON in UTF-8'],
  ])('of a run is refused with them too: %s', async (body, said) => {
    const response = await house.post('/batch/runs', Buffer.from(body, 'latin1'));
    expect([response.status, (await problemOf(response)).detail]).toEqual([400, expect.stringContaining(said)]);
  });
});

const PACKINGS = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', quickBrotli],
] as const;

describe('a packed body', () => {
  it.each(PACKINGS)('is unpacked: %s by %#', async (encoding, pack) => {
    const headers = { 'Content-Encoding': encoding };
    expect(await said(pack(JSON.stringify([ticket(1)])), { ...JSON_DOOR, ...headers })).toMatchObject({ accepted: 1 });
    expect(await said(pack(lines(9_000)), { ...NDJSON_DOOR, ...headers })).toMatchObject({ accepted: 9_000 });
  });

  it.each(PACKINGS)('that breaks off has what was whole counted: %s by %#', async (encoding, pack) => {
    const headers = { 'Content-Encoding': encoding };
    const half = (text: string) => {
      const packed = pack(text);
      return packed.subarray(0, packed.length >> 1);
    };
    const array = await said(half(JSON.stringify([ticket(1), ticket(2)])), { ...JSON_DOOR, ...headers });
    expect(array).toMatchObject({ status: 400, accepted: 0, reason: expect.stringContaining('not whole') });
    const before = (await house.records()).length;
    const stream = await said(half(lines(9_000)), { ...NDJSON_DOOR, ...headers });
    expect(stream).toMatchObject({ status: 400, reason: expect.stringContaining(`${stream.accepted} events before`) });
    expect((await house.records()).length - before).toBe(stream.accepted);
    expect(stream.accepted).toBeGreaterThan(3_000);
    expect(stream.accepted).toBeLessThan(6_000);
  });

  it('that is damaged or followed by other bytes is refused, and members of gzip are one body', async () => {
    const headers = { ...NDJSON_DOOR, 'Content-Encoding': 'gzip' };
    const [one, two] = [gzipSync(lines(1)), gzipSync(lines(2))];
    expect(await said(Buffer.concat([one, two]), headers)).toMatchObject({ status: 202, accepted: 3 });
    expect(await said(Buffer.concat([one, Buffer.from('more')]), headers)).toMatchObject({ status: 400 });
    const zlib = { ...NDJSON_DOOR, 'Content-Encoding': 'deflate' };
    expect(await said(Buffer.concat([deflateSync(lines(1)), Buffer.from('more')]), zlib)).toMatchObject({
      status: 400,
      accepted: 1,
    });
  });

  it.each(PACKINGS)(
    'that unpacks to far too much is refused before it fills memory: %s by %#',
    async (encoding, pack) => {
      const bomb = pack(Buffer.concat([Buffer.from(lines(3)), Buffer.alloc(60_000_000, ' ')]));
      const before = process.memoryUsage().rss;
      for (const door of DOORS) {
        const answer = await said(bomb, { ...door, 'Content-Encoding': encoding });
        expect(answer).toMatchObject({ status: 413, accepted: door === JSON_DOOR ? 0 : 3 });
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    },
  );

  it('in another way is refused with those that are read', async () => {
    for (const encoding of ['zstd', 'compress', 'gzip, gzip', 'gzp']) {
      const response = await house.post('/events', 'x', { ...NDJSON_DOOR, 'Content-Encoding': encoding });
      expect(response.status).toBe(415);
      expect(await problemOf(response)).toMatchObject({ allowed: ['gzip', 'deflate', 'br', 'identity'] });
    }
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 4_000; !(await isSo()); await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (Date.now() > deadline) throw new Error('it has not come to that');
  }
}

describe('a body that does not come whole', () => {
  /** Sends what is given, ends its side, and reads the answer. */
  async function halfClosed(
    door: typeof JSON_DOOR | typeof NDJSON_DOOR,
    length: string,
    body: string,
  ): Promise<string> {
    const { hostname, port, host } = new URL(house.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const type = `Content-Type: ${door['Content-Type']}`;
    socket.setTimeout(4_000, () => socket.destroy(new Error('there was no answer')));
    socket.end(`POST /events HTTP/1.1\r\nHost: ${host}\r\n${type}\r\n${length}\r\n\r\n${body}`);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  }

  it.each([
    ['shorter than its Content-Length', 'Content-Length: 100000', lines(3), 3],
    ['shorter, in the midst of a line', 'Content-Length: 100000', lines(3).slice(0, -9), 2],
    ['that ends before its last chunk', 'Transfer-Encoding: chunked', `200\r\n${lines(2).padEnd(511)}\n\r\n`, 2],
    ['whose chunks are none', 'Transfer-Encoding: chunked', `200\r\n${lines(2).padEnd(511)}\n\r\nzz\r\n`, 2],
  ])('%s is answered with what was taken', async (_, length, body, accepted) => {
    const answer = await halfClosed(NDJSON_DOOR, length, body);
    expect(answer).toContain('HTTP/1.1 400');
    expect(answer).toContain(`"accepted":${accepted},`);
    expect(answer).toContain('breaks off after');
    const array = await halfClosed(JSON_DOOR, length, body);
    expect(array).toContain('HTTP/1.1 400');
    expect(array).toContain('"accepted":0,');
  });

  it('nor is a request answered that is no HTTP but with a problem', async () => {
    const { hostname, port } = new URL(house.url);
    const socket = connect(Number(port), hostname);
    socket.write('HELLO\r\n\r\n');
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
    expect(head).toContain('HTTP/1.1 400 Bad Request');
    expect(JSON.parse(body)).toMatchObject({ status: 400, detail: expect.stringContaining('not HTTP/1.1') });
  });

  it('because its caller is gone has what was taken said in the log', async () => {
    const warnings: unknown[] = [];
    const logger: Logger = Object.assign(createLogger('test', 'silent'), {
      warn: (facts: unknown) => warnings.push(facts),
    });
    const log = new MemoryEventLog(1);
    const route = eventsRoute({ log, gate: new Gate('POST /events', 9), bodyDeadlineMs: 9_000 });
    const guard = { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] };
    const server = createServer(createApp({ routes: [route], token: undefined, guard, logger }));
    closing.push(server);
    answerBrokenRequests(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const head = `POST /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/x-ndjson`;
    socket.write(`${head}\r\nContent-Length: 100000\r\n\r\n${lines(2)}none\n{"type`);
    await until(async () => (await log.endOffsets())[0] === 2);
    socket.resetAndDestroy();
    await until(async () => warnings.length > 0);
    expect(warnings).toEqual([{ method: 'POST', path: '/events', accepted: 2, refused_count: 1 }]);
  });
});
