import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse, problemOf } from '../../testing/serving-house.js';

const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1';
const OLD_PROMETHEUS = 'text/plain;version=0.0.4;q=1,*/*;q=0.1';
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

let house: House;
beforeAll(async () => {
  house = await openHouse();
  await house.postEvents([
    {
      type: 'order_placed',
      event_id: 'e-1',
      occurred_at: '2026-01-31T08:15:00Z',
      order_id: 'o-1',
      customer_id: null,
      category: '=HYPERLINK("http://evil.test","Bücher")',
      amount: 12.5,
      country: 'DE',
    },
  ]);
  await house.publish();
  await house.view.applyAll(house.log);
});
afterAll(() => house.close());

const asked = async (path: string, accept: string, more: Readonly<Record<string, string>> = {}) => {
  const response = await house.get(path, { headers: { Accept: accept, ...more } });
  return { response, type: response.headers.get('content-type')?.split(';')[0] };
};
const JSON_TYPE = 'application/json';

describe('the form of an answer', () => {
  it.each([
    ['*/*', JSON_TYPE],
    ['', JSON_TYPE],
    ['application/*', JSON_TYPE],
    ['application/json; charset=utf-8', JSON_TYPE],
    [BROWSER, JSON_TYPE],
    ['text/csv', 'text/csv'],
    ['TEXT/CSV', 'text/csv'],
    ['text/csv; charset=utf-8', 'text/csv'],
    ['text/csv;header=present', 'text/csv'],
    ['text/*', 'text/csv'],
    ['text/csv;q=0.5, application/json', JSON_TYPE],
    ['application/json;q=0.5, text/csv', 'text/csv'],
    ['text/csv, */*;q=0.1', 'text/csv'],
    ['application/json;q=0, */*', 'text/csv'],
  ])('asked for with Accept %j is %s', async (accept, type) => {
    for (const path of ['/metrics/revenue', '/compare/revenue?group_by=category']) {
      const answer = await asked(path, accept);
      expect([path, answer.response.status, answer.type]).toEqual([path, 200, type]);
      expect(answer.response.headers.get('vary')).toContain('Accept');
    }
  });

  it.each(['text/html', 'application/xml', 'application/json;q=0', 'nonsense', '*/*;q=0'])(
    'cannot be %j, at no route, and the refusal says what it can be',
    async (accept) => {
      for (const path of ['/', '/metrics', '/metrics/revenue', '/batch/runs', '/ledger', '/health', '/openapi.json']) {
        const { response, type } = await asked(path, accept);
        expect([path, response.status, type]).toEqual([path, 406, 'application/problem+json']);
        const { allowed, detail } = await problemOf(response);
        expect(allowed).toContain(JSON_TYPE);
        expect(detail).toContain(accept);
      }
    },
  );

  it('that a route does not have is refused before anything is written', async () => {
    const before = (await house.records()).length;
    expect((await house.post('/events', '[]', { Accept: 'text/csv' })).status).toBe(406);
    expect((await house.records()).length).toBe(before);
  });

  it('is what format says, whatever Accept says', async () => {
    expect((await asked('/metrics/revenue?format=json', 'text/csv')).type).toBe(JSON_TYPE);
    expect((await asked('/metrics/revenue?format=csv', JSON_TYPE)).type).toBe('text/csv');
    expect((await asked('/compare/revenue?format=csv', 'text/html')).type).toBe('text/csv');
  });

  it('is the same CSV by header and by parameter, and a problem is a problem', async () => {
    const path = '/metrics/revenue?group_by=category';
    const byHeader = (await asked(path, 'text/csv')).response;
    expect(await byHeader.text()).toBe(await (await house.get(`${path}&format=csv`)).text());
    const refused = await asked('/metrics/revenue?colour=red', 'text/csv');
    expect([refused.response.status, refused.type]).toEqual([400, 'application/problem+json']);
  });
});

describe('CSV', () => {
  it('is named, says its letters, and gives a spreadsheet nothing to run', async () => {
    for (const [path, name] of [
      ['/metrics/revenue', 'revenue.csv'],
      ['/compare/revenue', 'compare-revenue.csv'],
    ]) {
      const response = await house.get(`${path}?group_by=category&format=csv`);
      expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename="${name}"`);
      const text = await response.text();
      expect(text).toContain(`"'=HYPERLINK(""http://evil.test"",""Bücher"")"`);
      expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    }
  });

  it('begins with a byte order mark if that is asked for', async () => {
    for (const path of ['/metrics/revenue?format=csv', '/compare/revenue?format=csv']) {
      const bytes = async (query: string) => Buffer.from(await (await house.get(`${path}${query}`)).arrayBuffer());
      const [plain, marked] = [await bytes('&bom=0'), await bytes('&bom=1')];
      expect(marked.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
      expect(marked.subarray(3, 20)).toEqual(plain.subarray(0, 17));
    }
    expect((await asked('/metrics/revenue?bom=1', 'text/csv')).response.status).toBe(200);
    expect((await house.get('/metrics/revenue?bom=1')).status).toBe(400);
    expect((await house.get('/metrics/revenue?format=csv&bom=yes')).status).toBe(400);
  });
});

describe('Prometheus at /metrics', () => {
  it.each([
    [PROMETHEUS, 'Prometheus/3.5.0'],
    [PROMETHEUS, 'another agent'],
    [OLD_PROMETHEUS, 'Prometheus/2.1.0'],
    ['*/*', 'Prometheus/2.1.0'],
  ])('asking for %s as %s learns that there is no text for it, and what there is', async (accept, agent) => {
    const { response } = await asked('/metrics', accept, { 'User-Agent': agent });
    const { detail, allowed } = await problemOf(response);
    expect([response.status, allowed]).toEqual([406, [JSON_TYPE]]);
    expect(detail).toContain('GET /metrics lists the metrics of the shop as JSON');
  });

  it('is told apart from a person', async () => {
    expect((await asked('/metrics', '*/*', { 'User-Agent': 'curl/8.5.0' })).response.status).toBe(200);
    expect((await asked('/metrics', BROWSER)).response.status).toBe(200);
  });
});
