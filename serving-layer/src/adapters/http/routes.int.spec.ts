import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadMetrics } from '@tandem/shared';
import { overriding } from '../../testing/overriding.js';
import { type House, openHouse, problemOf } from '../../testing/serving-house.js';

const TOKEN = 'a-token-of-tests';
let house: House;
let guarded: House;
beforeAll(async () => {
  house = await openHouse();
  guarded = await openHouse({ environment: { API_TOKEN: TOKEN } });
});
afterAll(async () => {
  await house.close();
  await guarded.close();
});

type Operation = {
  readonly parameters: readonly { readonly name: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: unknown;
};
type Description = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

async function described(): Promise<Description> {
  return house.json('/openapi.json');
}

/** Every route as GET / lists it: method, path. */
async function listed(): Promise<readonly (readonly [string, string])[]> {
  const { routes } = (await house.json('/')) as { routes: readonly string[] };
  return routes.map((line) => [line.split(' ')[0] ?? '', (line.split(' ')[1] ?? '').replace(/:$/, '')]);
}

/** A path that can be called: with a metric and an id. */
function concrete(path: string): string {
  return path.replace(/[:{]metric\}?/, 'revenue').replace(/[:{]id\}?/, '1');
}

describe('every route', () => {
  it('is described in OpenAPI, and everything described is a route', async () => {
    const { paths } = await described();
    const inDescription = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const general = inDescription.filter((line) => !/\/(metrics|compare)\/\w+$/.test(line) || line.includes('{'));
    const routes = (await listed()).map(([method, path]) => `${method} ${path.replace(/:(\w+)/, '{$1}')}`);
    expect(general.sort()).toEqual([...routes].sort());
    expect(routes.length).toBeGreaterThanOrEqual(14);
  });

  it('that is described answers with a status that is described', async () => {
    const { paths } = await described();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { responses }] of Object.entries(methods)) {
        const response = await house.get(concrete(path), { method: method.toUpperCase() });
        expect({ path, method, statuses: Object.keys(responses) }).toEqual({
          path,
          method,
          statuses: expect.arrayContaining([String(response.status)]),
        });
      }
    }
    await house.database.query(`UPDATE tandem.batch_run SET state = 'failed' WHERE state = 'requested'`);
  });

  it('that writes wants the token, and no other does', async () => {
    for (const [method, path] of await listed()) {
      const response = await guarded.get(concrete(path), { method });
      const isRefused = response.status === 401;
      expect({ method, path, isRefused }).toEqual({ method, path, isRefused: method === 'POST' });
      if (isRefused) expect(response.headers.get('www-authenticate')).toContain('Bearer');
    }
  });

  it('that writes refuses another token and takes the right one', async () => {
    for (const given of ['Bearer wrong', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN, 'Bearer ']) {
      expect((await guarded.post('/batch/runs', '{}', { Authorization: given })).status).toBe(401);
    }
    expect((await guarded.post('/batch/runs', '{}', { Authorization: `Bearer ${TOKEN}` })).status).toBe(202);
  });

  it('is named with its methods to who calls it by another', async () => {
    for (const [path, method, allowed] of [
      ['/events', 'GET', 'POST'],
      ['/metrics/revenue', 'DELETE', 'GET, HEAD'],
      ['/batch/runs', 'PUT', 'POST, GET, HEAD'],
      ['/health', 'OPTIONS', 'GET, HEAD'],
    ]) {
      const response = await house.get(path ?? '', { method: method ?? '' });
      expect([path, response.status, response.headers.get('allow')]).toEqual([path, 405, allowed]);
    }
  });

  it('carries the parameters of each metric in OpenAPI', async () => {
    const { paths } = await described();
    const names = (path: string) => paths[path]?.['get']?.parameters.map(({ name }) => name);
    for (const { name, dimensions } of await loadMetrics()) {
      expect(names(`/metrics/${name}`)).toEqual([
        ...dimensions,
        'group_by',
        'format',
        'bom',
        'layer',
        'from',
        'to',
        'granularity',
        'explain',
      ]);
      expect(names(`/compare/${name}`)).toEqual([...dimensions, 'group_by', 'format', 'bom']);
    }
  });
});

describe('a request that cannot be answered', () => {
  it.each([
    ['/nothing', 404, 'GET /metrics/:metric'],
    ['/metrics/sales', 404, 'revenue'],
    ['/metrics/__proto__', 404, 'revenue'],
    ['/metrics/revenue?colour=red', 400, 'category'],
    ['/metrics/revenue?layer=all', 400, 'merged'],
    ['/batch/runs?limit=0', 400, ''],
    ['/batch/runs?limit=ten', 400, ''],
    ['/batch/runs?page=2', 400, 'limit'],
    ['/batch/runs/first', 400, ''],
    ['/batch/runs/99', 404, ''],
    ['/batch/runs/99999999999999999999', 400, ''],
    ['/metrics/%ff', 400, ''],
    ['/dead-letters?limit=-1', 400, ''],
  ])('GET %s has status %i and says what is allowed', async (path, status, allowed) => {
    const response = await house.get(path);
    const body = await problemOf(response);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect([response.status, body.status]).toEqual([status, status]);
    expect(Object.keys(body)).toEqual(expect.arrayContaining(['type', 'title', 'status', 'detail']));
    if (allowed) expect(JSON.stringify(body.allowed)).toContain(allowed);
  });

  it('tells nothing of what it is built with', async () => {
    const response = await house.get('/nothing');
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(await response.text()).not.toContain('node_modules');
  });
});

describe('batch runs', () => {
  it('are started one at a time, and the second caller learns the id of the first', async () => {
    const first = await house.post('/batch/runs', '{"mode":"full"}');
    const { id } = (await first.json()) as { id: number };
    expect([first.status, first.headers.get('location')]).toEqual([202, `/batch/runs/${id}`]);
    const second = await house.post('/batch/runs', '');
    expect([second.status, (await problemOf(second)).id]).toEqual([409, id]);
    expect(await house.json(`/batch/runs/${id}`)).toMatchObject({
      id,
      mode: 'full',
      trigger: 'manual',
      state: 'requested',
    });
    expect((await house.json('/batch/runs?limit=1')).runs).toHaveLength(1);
    expect((await house.post('/batch/rollback', '')).status).toBe(409);
    await house.database.query(`UPDATE tandem.batch_run SET state = 'failed' WHERE id = $1`, [id]);
  });

  it.each([
    ['{"mode":"fast"}', 400],
    ['{"mode":"full","force":true}', 400],
    ['[]', 400],
    ['{', 400],
    ['"full"', 400],
    ['null', 202],
  ])('asked for with %s get status %i', async (body, status) => {
    const response = await house.post('/batch/runs', body);
    expect(response.status).toBe(status);
    await house.database.query(`UPDATE tandem.batch_run SET state = 'failed' WHERE state = 'requested'`);
  });

  it('cannot be rolled back when none is older', async () => {
    expect((await house.post('/batch/rollback', '')).status).toBe(409);
  });
});

describe('dead letters', () => {
  it('show their bytes as base64, and as text where they are UTF-8', async () => {
    await house.deadLetters.put([
      { partition: 0, offset: 7, value: Buffer.from([0xff, 0x00]), path: '', reason: 'not UTF-8' },
      { partition: 1, offset: 8, value: Buffer.from('{}'), path: 'type', reason: 'no type' },
      { partition: 2, offset: 9, value: null, path: '', reason: 'no bytes' },
    ]);
    const { total, dead_letters: letters } = await house.json('/dead-letters?limit=10');
    expect(total).toBe(3);
    expect(letters).toEqual(
      expect.arrayContaining([
        { partition: 0, offset: 7, path: '', reason: 'not UTF-8', size: 2, base64: '/wA=', text: null },
        { partition: 1, offset: 8, path: 'type', reason: 'no type', size: 2, base64: 'e30=', text: '{}' },
        { partition: 2, offset: 9, path: '', reason: 'no bytes', size: 0, base64: null, text: null },
      ]),
    );
  });
});

describe('too much', () => {
  it('groups are refused with their number', async () => {
    const day = (index: number) => new Date(Date.UTC(2000, 0, 1 + index)).toISOString();
    const events = Array.from({ length: 10_001 }, (_, index) => ({
      type: 'ticket_opened' as const,
      event_id: `g-${index}`,
      occurred_at: day(index),
      ticket_id: 't',
      customer_id: null,
      priority: 'high',
    }));
    await house.postEvents(events);
    await house.view.applyAll(house.log);
    const response = await house.get('/metrics/tickets?granularity=day');
    expect([response.status, (await problemOf(response)).groups]).toEqual([422, 10_001]);
    expect((await house.json('/metrics/tickets?granularity=day&to=2020-01-01')).groups.length).toBeLessThan(10_001);
  });

  it('questions at a time are refused with 429, and a slow one gets 503', async () => {
    const slow = await openHouse({
      environment: { MAX_CONCURRENT_QUERIES: '2', QUERY_DEADLINE_MS: '300' },
      wrapRuns: (runs) => overriding(runs, { current: () => new Promise(() => {}) }),
    });
    const asked = [1, 2, 3].map((id) => slow.get(`/metrics/tickets?priority=${id}`));
    const responses = await Promise.all(asked).finally(slow.close);
    expect(responses.map(({ status }) => status).sort()).toEqual([429, 503, 503]);
    expect(responses.every(({ headers }) => headers.get('retry-after') !== null)).toBe(true);
  });

  it('time for the database to tell of runs, or to take a request for one, gets 503', async () => {
    const never = () => new Promise<never>(() => {});
    const slow = await openHouse({
      environment: { QUERY_DEADLINE_MS: '100' },
      wrapRuns: (runs) => overriding(runs, { list: never, get: never, request: never }),
    });
    const asked = [slow.get('/batch/runs'), slow.get('/batch/runs/1'), slow.post('/batch/runs', '{}')];
    const responses = await Promise.all(asked).finally(slow.close);
    expect(responses.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(responses.every(({ headers }) => headers.get('retry-after') !== null)).toBe(true);
  });
});
