import type { Random } from './random.js';
import { sampleEvent } from './sample-events.js';

export type HostileRequest = {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Buffer;
  readonly type?: string;
};

/** Requests that nobody means well: half of them try the query string, half the body. */
export function hostileRequest(random: Random): HostileRequest {
  const kind = random.next();
  if (kind < 0.5) return { method: 'GET', path: hostilePath(random) };
  if (kind < 0.9) return hostileIngest(random);
  const method = random.pick(['PUT', 'DELETE', 'PATCH', 'POST', 'OPTIONS', 'HEAD']);
  const path = random.pick([hostilePath(random), '/batch/runs', '/events', '/ledger']);
  // HTTP lets no HEAD have a body.
  if (method === 'HEAD' || random.next() < 0.5) return { method, path };
  return { method, path, body: random.pick(['{}', '{"mode":"sideways"}', '[', '{"mode":1e400}']), type: JSON_TYPE };
}

const JSON_TYPE = 'application/json';
const NDJSON_TYPE = 'application/x-ndjson';

const PATHS = [
  '/metrics/revenue',
  '/metrics/tickets',
  '/compare/revenue',
  '/metrics/__proto__',
  '/metrics/constructor',
  '/metrics/%00',
  '/metrics/%ff%fe',
  '/metrics/..%2f..%2fetc%2fpasswd',
  '/metrics',
  '/batch/runs',
  '/batch/runs/0',
  '/batch/runs/-1',
  '/batch/runs/9007199254740993',
  '/batch/runs/1e3',
  '/dead-letters',
  '/ledger',
  '/openapi.json',
  '/nothing/here',
  '//',
  '/%',
];
const NAMES = ['category', 'country', 'layer', 'from', 'to', 'granularity', 'group_by', 'format', 'explain', 'limit'];
const ODD_NAMES = ['__proto__', 'constructor', 'toString', '', 'CATEGORY', 'category[]', 'a'.repeat(500)];
const VALUES = [
  'books',
  'DE',
  'merged',
  'batch',
  'speed',
  'hour',
  'day',
  'country',
  'category,country',
  'csv',
  'json',
  '1',
];
const LONE_SURROGATE = '\ud83d';
const ODD_VALUES = [
  '',
  "'; DROP TABLE tandem.log_record; --",
  '" OR 1=1 --',
  '$1',
  '\0',
  LONE_SURROGATE,
  '🎁'.repeat(40),
  '2019-11-31',
  '2026-01-10T05:00:00Z',
  '2026-01-10',
  '2026-01-10T05:30:00Z',
  '-1',
  '1e400',
  'NaN',
  '9'.repeat(400),
  'x'.repeat(5_000),
  '../../etc/passwd',
  '%00',
  '__proto__',
];

function hostilePath(random: Random): string {
  const parameters = Array.from({ length: random.below(5) }, () => {
    const name = random.next() < 0.8 ? random.pick(NAMES) : random.pick(ODD_NAMES);
    const value = random.next() < 0.6 ? random.pick(VALUES) : random.pick(ODD_VALUES);
    return `${encode(name)}=${random.next() < 0.95 ? encode(value) : '%zz'}`;
  });
  return `${random.pick(PATHS)}${parameters.length > 0 ? '?' : ''}${parameters.join('&')}`;
}

/** A lone surrogate cannot be percent-encoded; its bytes can. */
function encode(text: string): string {
  return text === LONE_SURROGATE ? '%ed%a0%bd' : encodeURIComponent(text);
}

function hostileIngest(random: Random): HostileRequest {
  const isStream = random.next() < 0.5;
  const count = 1 + random.below(4);
  const items = Array.from({ length: count }, () => hostileEvent(random));
  const body = isStream
    ? items.join(random.pick(['\n', '\r\n', '\n\n']))
    : random.pick([`[${items.join(',')}]`, items[0] ?? '']);
  const type =
    random.next() < 0.93 ? (isStream ? NDJSON_TYPE : JSON_TYPE) : random.pick(['text/plain', '', 'application/xml']);
  return { method: 'POST', path: '/events', body: damaged(random, body), type };
}

/** The text of an event, often with one thing wrong. */
function hostileEvent(random: Random): string {
  const event: Record<string, unknown> = { ...sampleEvent(random, 'hostile', random.below(100_000)) };
  if (random.next() < 0.7) {
    const name = random.pick([...Object.keys(event), 'unknown', '__proto__', 'constructor', 'amount']);
    // Not by assignment: that would set the prototype and leave nothing to send.
    Object.defineProperty(event, name, { value: random.pick(ODD_MEMBERS), enumerable: true, configurable: true });
  }
  return JSON.stringify(event) ?? 'null';
}

const ODD_MEMBERS: readonly unknown[] = [
  null,
  '',
  0,
  -1,
  1e308,
  0.00001,
  true,
  [],
  {},
  { __proto__: null, toString: 1 },
  'x'.repeat(65),
  'x'.repeat(70_000),
  '\u0000',
  '\ud800',
  '\u202e',
  '2019-11-31T00:00:00Z',
  '0000-00-00T00:00:00Z',
  '9999999999.99999',
  '1e5',
  undefined,
];

const LARGE = Buffer.alloc(1_200_000, '[');

function damaged(random: Random, body: string): string | Buffer {
  const kind = random.next();
  if (kind < 0.6) return body;
  if (kind < 0.7) return body.slice(0, random.below(body.length));
  if (kind < 0.78) return Buffer.concat([Buffer.from(body), Buffer.from([0xff, 0xc3, 0x28])]);
  if (kind < 0.84) return body.replace(/"amount":"[^"]*"/, '"amount":1e400');
  if (kind < 0.89) return '['.repeat(random.below(20_000));
  if (kind < 0.93) return `{"a":`.repeat(random.below(5_000));
  if (kind < 0.95) return LARGE;
  return random.pick(['', 'null', '0', '"', '\ufeff{}', '{"__proto__":null}', '[[]]', '[null,null]']);
}
