import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SECURITY_HEADERS } from '@tandem/shared/adapters/http/security-headers';
import { type RawAnswer, sendRaw } from '@tandem/shared/testing/raw-request';
import { type House, openHouse } from '../../testing/serving-house.js';

const READER = 'https://app.example';
let house: House;
let open: House;
let port: string;
beforeAll(async () => {
  house = await openHouse({
    environment: { ALLOWED_HOSTS: 'shop.example, proxy.example:9000,tls.example:443', ALLOWED_ORIGINS: `${READER}/` },
  });
  open = await openHouse({ environment: { HOST: '0.0.0.0', API_TOKEN: 'a-token-of-tests' } });
  port = new URL(house.url).port;
});
afterAll(async () => {
  await house.close();
  await open.close();
});

const fill = (text: string) => text.replaceAll('PORT', port);
const ours = () => `Host: 127.0.0.1:${port}`;

/** Every route as it can be called, and what is no route: so a route that comes later is guarded too. */
async function everything(): Promise<readonly string[]> {
  const { routes } = (await house.json('/')) as { routes: readonly string[] };
  const calls = routes.map((line) => line.split(': ')[0]?.replace(':metric', 'revenue').replace(':id', '1') ?? '');
  expect(calls.length).toBeGreaterThanOrEqual(14);
  return [...calls, 'GET /nothing', 'POST /nothing', 'DELETE /events', 'PUT /batch/runs', 'TRACE /', 'OPTIONS /events'];
}

function expectGuarded(answer: RawAnswer): void {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
    expect([name, answer.headers.get(name.toLowerCase())]).toEqual([name, value]);
  }
}

const isWriting = (call: string) => !/^(GET|HEAD|OPTIONS) /.test(call);
const untouched = async () => {
  const { current, runs } = await house.json('/batch/runs');
  return JSON.stringify([current, runs.length, (await house.records()).length]);
};

describe('every route', () => {
  it('is closed to a name that is not ours, and the refusal names what was found and the setting', async () => {
    const before = await untouched();
    for (const call of await everything()) {
      const answer = await sendRaw(house.url, [`${call} HTTP/1.1`, `Host: evil.test:${port}`, 'Content-Length: 0']);
      expect([call, answer.status]).toEqual([call, 421]);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      const { detail } = JSON.parse(answer.body);
      expect(detail).toContain(`evil.test:${port}`);
      expect(detail).toContain('ALLOWED_HOSTS');
      expectGuarded(answer);
    }
    expect(await untouched()).toBe(before);
  });

  it.each([
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
    ['Sec-Fetch-Site: same-origin, cross-site'],
    ['Sec-Fetch-Site: '],
    ['Origin: null'],
    ['Origin: '],
    ['Origin: http://evil.test'],
    ['Origin: http://127.0.0.1'],
    ['Origin: http://127.0.0.1:1'],
    ['Origin: http://localhost:PORT'],
    ['Origin: http://127.0.0.1:PORT.evil.test'],
    ['Origin: http://evil@127.0.0.1:PORT'],
    ['Origin: file://127.0.0.1:PORT'],
    ['Origin: chrome-extension://abcdefgh'],
    ['Origin: https://shop.example:8443'],
    [`Origin: ${READER}`],
    ['Origin: http://127.0.0.1:PORT\r\nOrigin: http://evil.test'],
    ['Origin: http://127.0.0.1:PORT\r\nSec-Fetch-Site: cross-site'],
  ])('that writes is closed to a page with %s, and changes nothing', async (header) => {
    const before = await untouched();
    for (const call of (await everything()).filter(isWriting)) {
      const lines = [`${call} HTTP/1.1`, ours(), fill(header), 'Content-Type: application/json', 'Content-Length: 2'];
      const answer = await sendRaw(house.url, lines, '{}');
      expect([call, answer.status]).toEqual([call, 403]);
      expectGuarded(answer);
    }
    expect(await untouched()).toBe(before);
  });

  it('that writes wants JSON from a page, even without a body', async () => {
    for (const call of (await everything()).filter((one) => one.startsWith('POST ') && one !== 'POST /nothing')) {
      for (const type of ['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'json']) {
        const typed = type === '' ? [] : [`Content-Type: ${type}`];
        const lines = [`${call} HTTP/1.1`, ours(), `Origin: http://127.0.0.1:${port}`, 'Content-Length: 0', ...typed];
        expect([call, type, (await sendRaw(house.url, lines)).status]).toEqual([call, type, 415]);
      }
    }
  });

  it('that reads is answered to foreign pages without leave to look, and with the headers of every answer', async () => {
    for (const call of (await everything()).filter((one) => !isWriting(one))) {
      const headers = ['Origin: http://evil.test', 'Sec-Fetch-Site: cross-site'];
      const answer = await sendRaw(house.url, [`${call} HTTP/1.1`, ours(), ...headers]);
      expect([call, answer.status >= 500 ? 'ready' : answer.status]).not.toEqual([call, 403]);
      expect(answer.headers.get('access-control-allow-origin')).toBeUndefined();
      expect(answer.headers.get('vary')).toContain('Origin');
      expectGuarded(answer);
    }
  });
});

describe('the Host', () => {
  it.each([
    '127.0.0.1:PORT',
    'localhost:PORT',
    'LOCALHOST:PORT',
    'localhost.:PORT',
    '[::1]:PORT',
    '[0:0:0:0:0:0:0:1]:PORT',
    '[::ffff:127.0.0.1]:PORT',
    '127.0.0.2:PORT',
    'shop.example',
    'shop.example:1234',
    'SHOP.example.:443',
    'proxy.example:9000',
    'tls.example',
    'tls.example:443',
  ])('may be %s', async (host) => {
    const answer = await sendRaw(house.url, ['GET /health HTTP/1.1', `Host: ${fill(host)}`]);
    expect([host, answer.status]).toEqual([host, 200]);
  });

  it.each([
    ['evil.test', 421],
    ['evil.test:PORT', 421],
    ['localhost', 421],
    ['localhost:1', 421],
    ['127.0.0.1', 421],
    ['localhost.evil.test:PORT', 421],
    ['127.0.0.1.evil.test:PORT', 421],
    ['shop.example.evil.test', 421],
    ['a.shop.example', 421],
    ['proxy.example', 421],
    ['proxy.example:9001', 421],
    ['0.0.0.0:PORT', 421],
    ['10.0.0.1:PORT', 421],
    ['[::2]:PORT', 421],
    ['user@localhost:PORT', 421],
    ['localhost:PORT/evil', 421],
    ['localhost:PORT, evil.test', 421],
    ['', 421],
    [':PORT', 421],
    ['localhost:PORT\r\nHost: evil.test', 400],
    ['localhost:PORT\r\nHost: localhost:PORT', 400],
  ])('may not be %j: %i', async (host, status) => {
    const answer = await sendRaw(house.url, ['GET /health HTTP/1.1', `Host: ${fill(host)}`]);
    expect([answer.status, JSON.parse(answer.body).status]).toEqual([status, status]);
    expectGuarded(answer);
  });

  it('is needed, also of old callers', async () => {
    for (const [version, status] of [
      ['1.1', 400],
      ['1.0', 421],
    ]) {
      const answer = await sendRaw(house.url, [`GET /health HTTP/${version}`]);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    }
  });

  it('must be ours in the request line too', async () => {
    const call = (target: string) => sendRaw(house.url, [`GET ${target} HTTP/1.1`, ours()]);
    expect((await call(`http://localhost:${port}/health`)).status).toBe(200);
    expect((await call(`http://evil.test:${port}/health`)).status).toBe(421);
    expect((await call(`HTTP://user@localhost:${port}/health`)).status).toBe(421);
  });

  it('may be the address that a connection came in on, where all are listened on', async () => {
    const { port: openPort } = new URL(open.url);
    const call = (host: string) => sendRaw(`http://127.0.0.1:${openPort}`, ['GET /health HTTP/1.1', `Host: ${host}`]);
    expect((await call(`127.0.0.1:${openPort}`)).status).toBe(200);
    expect((await call(`0.0.0.0:${openPort}`)).status).toBe(200);
    expect((await call(`192.0.2.1:${openPort}`)).status).toBe(421);
    expect((await call(`evil.test:${openPort}`)).status).toBe(421);
  });
});

describe('a page of the service itself', () => {
  it.each([
    ['127.0.0.1:PORT', 'http://127.0.0.1:PORT', 'same-origin'],
    ['localhost:PORT', 'http://localhost:PORT', undefined],
    ['[::1]:PORT', 'http://[::1]:PORT', 'same-origin'],
    ['shop.example', 'https://shop.example', 'same-origin'],
    ['127.0.0.1:PORT', 'https://shop.example', 'same-origin'],
    ['127.0.0.1:PORT', undefined, 'none'],
    ['127.0.0.1:PORT', undefined, undefined],
  ])('called as %s with Origin %s and Sec-Fetch-Site %s may write', async (host, origin, site) => {
    const headers = [
      `Host: ${fill(host)}`,
      ...(origin ? [`Origin: ${fill(origin)}`] : []),
      ...(site ? [`Sec-Fetch-Site: ${site}`] : []),
    ];
    const body = ['Content-Type: application/json; charset=utf-8', 'Content-Length: 2'];
    // What follows the guard refuses an array without an event, so nothing is written here.
    const answer = await sendRaw(house.url, ['POST /events HTTP/1.1', ...headers, ...body], '[]');
    expect([answer.status, JSON.parse(answer.body).type]).toEqual([400, 'urn:tandem:problem:events-refused']);
  });
});

describe('a page of an origin in ALLOWED_ORIGINS', () => {
  it('may read, and learns what else an answer says', async () => {
    for (const path of ['/metrics', '/nothing', '/metrics/revenue?colour=red']) {
      const { headers } = await house.get(path, { headers: { Origin: READER } });
      expect(headers.get('access-control-allow-origin')).toBe(READER);
      expect(headers.get('access-control-expose-headers')).toContain('Tandem-Status');
      expect(headers.get('vary')).toContain('Origin');
    }
  });

  it.each([READER, 'https://evil.test', 'null', `${READER}.evil.test`])('asks first: %s', async (origin) => {
    const asked = { Origin: origin, 'Access-Control-Request-Method': 'GET' };
    const { status, headers } = await house.get('/metrics/revenue', { method: 'OPTIONS', headers: asked });
    const told = [status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-methods')];
    expect(told).toEqual(origin === READER ? [204, READER, 'GET'] : [403, null, null]);
    if (origin === READER) expect(headers.get('access-control-allow-headers')).toBe('authorization, content-type');
  });
});
