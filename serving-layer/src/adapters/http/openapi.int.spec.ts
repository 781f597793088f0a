import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeEvent, loadMetrics, TandemError } from '@tandem/shared';
import { anEvent } from '@tandem/shared/testing/arbitraries';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { metricQueryParser } from '../../query/parse-query.js';
import { type House, openHouse } from '../../testing/serving-house.js';

type Schema = Readonly<Record<string, unknown>>;
type Operation = {
  readonly parameters: readonly { readonly name: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
};

let house: House;
let paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
beforeAll(async () => {
  house = await openHouse();
  ({ paths } = await house.json('/openapi.json'));
});
afterAll(() => house.close());

const ajv = new Ajv2020();

function bodySchema(type: string): Schema {
  return paths['/events']?.['post']?.requestBody?.content[type]?.schema ?? {};
}

function parameterSchema(path: string, name: string): ValidateFunction {
  return ajv.compile(paths[path]?.['get']?.parameters.find((parameter) => parameter.name === name)?.schema ?? false);
}

const text = (arbitrary: fc.Arbitrary<string>, maxLength: number) =>
  fc.array(arbitrary, { maxLength }).map((pieces) => pieces.join(''));
const digit = fc.constantFrom(...'0123456789');
const LETTERS = ['a', ' ', 'é', 'e\u0301', '🎁', '👩', '🏽', '❤', '\ufe0f', 'م', 'ی', 'क', '्', 'ষ', '0', '"', '\\'];
const UNSEEN = [
  '\0',
  '\n',
  '\x7f',
  '\u200b',
  '\u200c',
  '\u200d',
  '\u202e',
  '\u2028',
  '\ufeff',
  '\ud83d',
  '\ue000',
  '\u0378',
];
const aText = fc.oneof(
  text(fc.constantFrom(...LETTERS), 6),
  text(fc.constantFrom(...LETTERS, ...UNSEEN), 5),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.tuple(fc.constantFrom('x', '🎁', 'é'), fc.integer({ min: 60, max: 68 })).map(([one, count]) => one.repeat(count)),
);
const anAmount = fc.oneof(
  fc.integer({ min: -100, max: 10_000_000_100 }).map((cents) => cents / 100),
  fc.constantFrom(0, -0, 1e9, 1_000_000_000.0001, 1e308, 0.0001),
  fc
    .tuple(fc.constantFrom('', '-', '+', ' '), text(digit, 11), fc.constantFrom('', '.', ',', 'e'), text(digit, 5))
    .map((pieces) => pieces.join('')),
  fc.constantFrom(
    '1000000000',
    '1000000000.0000',
    '1000000000.0001',
    '1.00001',
    '12.12345',
    '0000000000',
    '0999999999.5',
    '00000000001',
    '.5',
    '5.',
  ),
);
const twoDigits = (max: number) => fc.nat(max).map((number) => String(number).padStart(2, '0'));
const often = <T>(usual: readonly T[], odd: readonly T[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });
const aTime = fc
  .tuple(
    often(['1970', '1972', '1999', '2000', '2024', '2096', '2099'], ['1969', '2100', '0000', '999', '12024']),
    twoDigits(13),
    twoDigits(32),
    often(['T', 't', ' '], ['', '  ', '\t', '_']),
    twoDigits(24),
    twoDigits(60),
    often([':00', ':59', ''], [':60', ':6', ':']),
    often(['', '.1', '.123', '.999999999'], ['.', ',5']),
    often(['Z', 'z', '+01:00', '-00:00', '-23:59', '+05:30'], ['', '+24:00', '+01:60', '+0100', 'z ']),
  )
  .map(([year, month, day, separator, hour, minute, ...rest]) => {
    return `${year}-${month}-${day}${separator}${hour}:${minute}${rest.join('')}`;
  });
const aQuantity = fc.oneof(
  fc.integer({ min: -3, max: 1_000_000_003 }),
  fc.constantFrom(1.5, 1e300, -0, '3', 1e9, 1e9 + 1),
);
const anything = fc.oneof(fc.constantFrom(null, true, '', [], {}, 'order_placed'), fc.jsonValue({ maxDepth: 2 }));

const KEYS = [
  'type',
  'event_id',
  'customer_id',
  'category',
  'sku',
  'priority',
  'country',
  'ticket_id',
  'colour',
  '__proto__',
];
const aChange: fc.Arbitrary<readonly [string, unknown]> = fc.oneof(
  fc.tuple(fc.constantFrom('event_id', 'customer_id', 'category', 'sku', 'priority'), aText),
  fc.tuple(fc.constant('amount'), anAmount),
  fc.tuple(fc.constant('occurred_at'), aTime),
  fc.tuple(fc.constant('quantity'), aQuantity),
  fc.tuple(fc.constantFrom(...KEYS, 'amount', 'occurred_at', 'quantity'), fc.oneof(anything, fc.constant(undefined))),
);

/** Any event with one member changed, taken away or added, as a reader of JSON sees it. */
const nearlyAnEvent = fc.tuple(anEvent, fc.option(aChange, { freq: 20 })).map(([event, change]) => {
  const changed = { ...event };
  if (change) {
    Object.defineProperty(changed, change[0], { value: change[1], enumerable: true, configurable: true });
  }
  return JSON.parse(JSON.stringify(changed)) as Readonly<Record<string, unknown>>;
});

/** What the description says in words only: the decimals of a number, and the range of times near its ends. */
function isInWords({ amount, occurred_at }: Readonly<Record<string, unknown>>): boolean {
  if (typeof amount === 'number' && Number(amount.toFixed(4)) !== amount) return true;
  const isNearAnEnd = /^(?:1969-12-31|1970-01-01|2099-12-31|2100-01-01)/.test(String(occurred_at));
  return isNearAnEnd && !/[zZ]$/.test(String(occurred_at));
}

describe('the description of events', () => {
  it('allows what is taken, and forbids what is refused', () => {
    const isAllowed = ajv.compile(bodySchema('application/x-ndjson'));
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(nearlyAnEvent, (value) => {
        fc.pre(!isInWords(value));
        const decoded = decodeEvent(Buffer.from(JSON.stringify(value)));
        const isTaken = 'event' in decoded;
        seen[isTaken ? 'taken' : 'refused']++;
        expect({ isTaken: isAllowed(value), decoded }).toEqual({ isTaken, decoded });
      }),
      { numRuns: 6_000 },
    );
    expect(seen.taken).toBeGreaterThan(1_000);
    expect(seen.refused).toBeGreaterThan(1_000);
  }, 120_000);

  it('says in words what it cannot say otherwise, and that is so', () => {
    const event = fc.sample(
      anEvent.filter((one) => 'amount' in one),
      { numRuns: 1, seed: 1 },
    )[0];
    const isTaken = (change: object) => 'event' in decodeEvent(Buffer.from(JSON.stringify({ ...event, ...change })));
    const words = JSON.stringify(bodySchema('application/x-ndjson'));
    expect(words).toContain('at most 4 decimals');
    expect(isTaken({ amount: 0.00001 })).toBe(false);
    expect(words).toContain('before 2100-01-01T00:00Z');
    expect(isTaken({ occurred_at: '1969-12-31T23:30:00-01:00' })).toBe(true);
    expect(isTaken({ occurred_at: '1970-01-01T00:30:00+01:00' })).toBe(false);
    expect(isTaken({ occurred_at: '2099-12-31T23:30:00-01:00' })).toBe(false);
    expect(isTaken({ occurred_at: '2100-01-01T00:30:00+01:00' })).toBe(true);
  });

  it('of a JSON body is one of them or an array of at least one', () => {
    const isAllowed = ajv.compile(bodySchema('application/json'));
    const [event] = fc.sample(anEvent, { numRuns: 1, seed: 1 });
    expect([event, [event], [event, event], [], 7, null, 'x', [[event]]].map((value) => isAllowed(value))).toEqual([
      ...[true, true, true],
      ...[false, false, false, false, false],
    ]);
  });
});

describe('the description of parameters', () => {
  it('allows the filters that are taken, and forbids those that are refused', async () => {
    const isAllowed = parameterSchema('/metrics/revenue', 'category');
    const revenue = (await loadMetrics()).find(({ name }) => name === 'revenue');
    if (!revenue) throw new Error('there must be a metric for this');
    const parse = metricQueryParser(revenue);
    const isTaken = (value: string) => {
      try {
        parse(`category=${encodeURIComponent(value)}`);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(TandemError);
        return false;
      }
    };
    const wellFormed = aText.filter((value) => !/\p{Cs}/u.test(value));
    fc.assert(fc.property(wellFormed, (value) => expect([value, isAllowed([value])]).toEqual([value, isTaken(value)])));
  });

  it('allows the limits that are taken, and forbids those that are refused', async () => {
    const isAllowed = parameterSchema('/batch/runs', 'limit');
    for (const limit of [-1, 0, 1, 20, 999, 1_000, 1_001, 1.5, 1e21]) {
      const { status } = await house.get(`/batch/runs?limit=${limit}`);
      expect([limit, status]).toEqual([limit, isAllowed(limit) ? 200 : 400]);
    }
  });
});
