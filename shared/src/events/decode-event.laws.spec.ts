import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aLog, anEvent, anInvalidValue, toBytes } from '../testing/arbitraries.js';
import { decodeEvent, MAX_EVENT_BYTES, validateEvent } from './decode-event.js';
import { identityOf, partitionKeyOf } from './event.js';
import { parseInstant } from './instant.js';
import { toTenThousandths } from './money.js';

const VALID = {
  type: 'order_placed',
  event_id: 'e-1',
  occurred_at: '2026-01-31T08:15:00Z',
  order_id: 'o-1',
  customer_id: 'c-1',
  category: 'books',
  amount: 12.5,
  country: 'DE',
};

const jsonOf = (changes: Readonly<Record<string, unknown>>) => Buffer.from(JSON.stringify({ ...VALID, ...changes }));
/** VALID with one value written as given, for what JSON.stringify cannot write. */
const jsonWith = (name: keyof typeof VALID, raw: string) => {
  const { [name]: _, ...rest } = VALID;
  return Buffer.from(`{"${name}":${raw},${JSON.stringify(rest).slice(1)}`);
};
const reasonOf = (bytes: Uint8Array | null) => {
  const decoded = decodeEvent(bytes);
  return 'refusal' in decoded ? decoded.refusal : undefined;
};

describe('decoding an event', () => {
  it('gives money in ten-thousandths and time in milliseconds, and the rest as written', () => {
    fc.assert(
      fc.property(anEvent, (input) => {
        const decoded = decodeEvent(toBytes(input));
        const expected = { ...input, occurred_at: parseInstant(input.occurred_at) };
        const money = 'amount' in input ? { amount: toTenThousandths(input.amount) } : {};
        expect(decoded).toEqual({ event: { ...expected, ...money } });
      }),
    );
  });

  it.each([
    ['no bytes', null, ''],
    ['zero bytes', Buffer.alloc(0), ''],
    ['no JSON', Buffer.from('order_placed'), ''],
    ['half a JSON', jsonOf({}).subarray(0, 40), ''],
    ['two JSONs', Buffer.concat([jsonOf({}), jsonOf({})]), ''],
    ['invalid UTF-8', Buffer.from(jsonOf({ category: 'bXks' }).toString('latin1').replace('X', '\xff'), 'latin1'), ''],
    ['10 MB', jsonOf({ category: 'x'.repeat(10_000_000) }), ''],
    ['one byte too many', Buffer.from(JSON.stringify(VALID).padEnd(MAX_EVENT_BYTES + 1)), ''],
    ['an array', Buffer.from('[]'), ''],
    ['null', Buffer.from('null'), ''],
    ['no type', Buffer.from('{}'), 'type'],
    ['an unknown type', jsonOf({ type: 'order_lost' }), 'type'],
    ['a type that every object has', jsonOf({ type: 'constructor' }), 'type'],
    ['an unknown key', jsonOf({ colour: 'red' }), ''],
    ['deep nesting', jsonWith('category', '['.repeat(30_000) + ']'.repeat(30_000)), 'category'],
    ['__proto__ as a key', jsonWith('category', '"books","__proto__":{"country":"FR"}'), ''],
    ['NaN', jsonWith('amount', 'NaN'), ''],
    ['1e400', jsonWith('amount', '1e400'), 'amount'],
    ['a negative amount', jsonOf({ amount: -0.01 }), 'amount'],
    ['a fifth decimal', jsonOf({ amount: 0.00001 }), 'amount'],
    ['an amount that is null', jsonOf({ amount: null }), 'amount'],
    ['time -1', jsonOf({ occurred_at: -1 }), 'occurred_at'],
    ['time "-1"', jsonOf({ occurred_at: '-1' }), 'occurred_at'],
    ['time 2^63', jsonWith('occurred_at', '9223372036854775808'), 'occurred_at'],
    ['31 November', jsonOf({ occurred_at: '2019-11-31T00:00:00Z' }), 'occurred_at'],
    ['an id of 65 characters', jsonOf({ event_id: 'x'.repeat(65) }), 'event_id'],
    ['an empty id', jsonOf({ event_id: '' }), 'event_id'],
    ['a line break in an id', jsonOf({ event_id: 'a\nb' }), 'event_id'],
    ['NUL in an id', jsonOf({ event_id: 'a\0b' }), 'event_id'],
    ['half a surrogate pair', jsonWith('event_id', '"\\ud800"'), 'event_id'],
    ['a missing country', jsonOf({ country: undefined }), 'country'],
    ['a fractional quantity', jsonOf({ quantity: 1.5 }), 'quantity'],
  ])('refuses %s with its path and a reason', (_, bytes, path) => {
    expect(reasonOf(bytes)).toEqual({ path, reason: expect.stringMatching(/./) });
  });

  const placed = 'order_placed, order_refunded, ticket_opened, ticket_closed, ticket_priority_changed';
  const printable = 'allowed are 1 to 64 printable characters';
  const decimal = 'allowed is a decimal from 0 to 1000000000 with at most 4 decimals, as a number or as text';
  const whole = 'allowed is a whole number from 0 to 1000000000';
  it.each([
    [jsonOf({ category: '' }), `found ""; ${printable}`],
    [jsonOf({ category: 'a\u202eb' }), `found "a\\u202eb"; ${printable}`],
    [jsonOf({ category: 'a\u200bb' }), `found "a\\u200bb"; ${printable}`],
    [jsonOf({ category: 'a\u200db' }), `found "a\\u200db"; ${printable}`],
    [jsonOf({ category: 7 }), `found 7; ${printable}`],
    [jsonWith('category', '1.0e2'), `found 1.0e2; ${printable}`],
    [jsonOf({ category: null }), `found null; ${printable}`],
    [jsonOf({ category: true }), `found true; ${printable}`],
    [jsonOf({ category: ['a'] }), `found ["a"]; ${printable}`],
    [jsonWith('category', '{ "a": [1, 2] }'), `found { "a": [1, 2] }; ${printable}`],
    [jsonOf({ category: undefined }), `found no "category"; ${printable}`],
    [jsonOf({ customer_id: 7 }), `found 7; ${printable}, or null`],
    [jsonOf({ customer_id: undefined }), `found no "customer_id"; ${printable}, or null`],
    [jsonOf({ sku: null }), `found null; ${printable}`],
    [jsonOf({ amount: null }), `found null; ${decimal}`],
    [jsonOf({ amount: '' }), `found ""; ${decimal}`],
    [jsonOf({ amount: '1e5' }), `found "1e5"; ${decimal}`],
    [jsonOf({ amount: -1 }), `found -1; ${decimal}`],
    [jsonWith('amount', '1e400'), `found 1e400; ${decimal}`],
    [jsonWith('amount', '-1e400'), `found -1e400; ${decimal}`],
    [jsonWith('amount', '12345678901234567890'), `found 12345678901234567890; ${decimal}`],
    [jsonOf({ amount: [] }), `found []; ${decimal}`],
    [jsonOf({ quantity: 1.5 }), `found 1.5; ${whole}`],
    [jsonOf({ quantity: '3' }), `found "3"; ${whole}`],
    [jsonOf({ quantity: -1 }), `found -1; ${whole}`],
    [jsonWith('amount', '1,"quantity":1e400'), `found 1e400; ${whole}`],
    [jsonOf({ quantity: 1e9 + 1 }), `found 1000000001; ${whole}`],
    [jsonOf({ quantity: null }), `found null; ${whole}`],
    [jsonOf({ occurred_at: 7 }), 'found 7; allowed is an existing date as RFC 3339'],
    [jsonOf({ occurred_at: '' }), 'found ""; allowed is an existing date as RFC 3339'],
    [jsonOf({ occurred_at: '2016-12-31T23:59:60Z' }), 'a leap second has no number of its own: send :59'],
    [jsonOf({ type: 'order_plased' }), `found "order_plased"; allowed are ${placed}; did you mean order_placed?`],
    [jsonOf({ type: 7 }), `found 7; allowed are ${placed}`],
    [jsonOf({ type: '' }), `found ""; allowed are ${placed}`],
    [jsonOf({ type: null }), `found null; allowed are ${placed}`],
    [jsonOf({ type: undefined }), `found no "type"; allowed are ${placed}`],
    [jsonOf({ categry: 'x' }), 'found the key "categry"; allowed are type, event_id,'],
    [jsonOf({ categry: 'x' }), '; did you mean category?'],
    [Buffer.from('[]'), 'found []; allowed is one JSON object with a "type"'],
    [Buffer.from(' "x" '), 'found "x"; allowed is one JSON object with a "type"'],
    [Buffer.from('1e400'), 'found 1e400; allowed is one JSON object with a "type"'],
  ])('says of %s what was found and what is allowed', (bytes, reason) => {
    expect(reasonOf(bytes)?.reason).toContain(reason);
  });

  it.each(['👨‍👩‍👧', '👩🏽‍🚀', '❤️‍🔥', 'می‌خواهم', 'क्‍ष', 'e\u0301', '\u00a0', '🎁'.repeat(64)])(
    'takes the text %j',
    (category) => {
      expect(decodeEvent(jsonOf({ category }))).toMatchObject({ event: { category } });
    },
  );

  it('refuses a key that is there twice, however the text is spaced and long its values are', () => {
    const spaces = fc.constantFrom('', ' ', '\n  ');
    fc.assert(
      fc.property(anEvent, spaces, spaces, fc.nat(20), fc.boolean(), (event, before, after, at, isLast) => {
        const members = Object.entries(event).map(
          ([key, value]) => `${JSON.stringify(key)}${before}:${after}${JSON.stringify(value)}`,
        );
        const text = (of: readonly string[]) => Buffer.from(`{${before}${of.join(`${before},${after}`)}${after}}`);
        expect(reasonOf(text(members))).toBeUndefined();
        const copy = members[at % members.length] ?? '';
        const reason = reasonOf(text(isLast ? [...members, copy] : [copy, ...members]))?.reason;
        expect(reason).toMatch(/^found the key "\w+" more than once; allowed is each key once$/);
      }),
    );
    // Numbers may be written shorter than a program writes them, which leaves room for another key.
    const twice = jsonWith('amount', '1e9,"quantity":1e9,"sku":"a","sku":"b"');
    expect(reasonOf(twice)?.reason).toContain('"sku" more than once');
  });

  it('names no more of what it found than fits a line of a report', () => {
    for (const bytes of [jsonOf({ event_id: 'x'.repeat(60_000) }), jsonOf({ occurred_at: 'x'.repeat(60_000) })]) {
      expect(reasonOf(bytes)?.reason.length).toBeLessThan(1_000);
    }
  });

  it('takes an event of exactly the largest size, and one that is a view into a larger buffer', () => {
    expect(reasonOf(Buffer.from(JSON.stringify(VALID).padEnd(MAX_EVENT_BYTES)))).toBeUndefined();
    const surrounded = Buffer.concat([Buffer.from('{{'), jsonOf({}), Buffer.from('}}')]);
    expect(decodeEvent(new Uint8Array(surrounded.buffer, surrounded.byteOffset + 2, surrounded.length - 4))).toEqual(
      decodeEvent(jsonOf({})),
    );
  });

  it('never throws, whatever the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
      anInvalidValue,
      fc.tuple(anEvent, fc.nat(400), fc.nat(255)).map(([event, at, byte]) => {
        const mutated = toBytes(event);
        mutated[at % mutated.length] = byte;
        return mutated;
      }),
    );
    fc.assert(
      fc.property(bytes, (value) => {
        const decoded = decodeEvent(value);
        expect('event' in decoded || decoded.refusal.reason.length > 0).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('never throws, whatever the value', () => {
    fc.assert(fc.property(fc.anything(), (value) => void validateEvent(value)));
  });

  it('refuses every arbitrary record that is meant to be no event', () => {
    fc.assert(fc.property(anInvalidValue, (value) => expect(reasonOf(value)).toBeDefined()));
    fc.assert(fc.property(aLog(4), (log) => expect(log.every(({ partition }) => partition < 4)).toBe(true)));
  });
});

describe('the identity of an event', () => {
  const eventOf = (changes: Readonly<Record<string, unknown>>) => {
    const decoded = decodeEvent(jsonOf(changes));
    if ('refusal' in decoded) throw new Error(decoded.refusal.reason);
    return decoded.event;
  };

  it('is its id and its time, however the time is written, and nothing else', () => {
    const identity = identityOf(eventOf({}));
    expect(identityOf(eventOf({ occurred_at: '2026-01-31T09:15:00.000+01:00', amount: 7, country: 'FR' }))).toBe(
      identity,
    );
    expect(identityOf(eventOf({ occurred_at: '2026-01-31T08:15:00.001Z' }))).not.toBe(identity);
    expect(identityOf(eventOf({ event_id: 'e-2' }))).not.toBe(identity);
  });

  it('is not shared by an id that ends in digits and a time that begins with them', () => {
    fc.assert(
      fc.property(anEvent, anEvent, (a, b) => {
        const [one, other] = [decodeEvent(toBytes(a)), decodeEvent(toBytes(b))];
        if ('refusal' in one || 'refusal' in other) throw new Error('an arbitrary event must be valid');
        const isSame = one.event.event_id === other.event.event_id && one.event.occurred_at === other.event.occurred_at;
        expect(identityOf(one.event) === identityOf(other.event)).toBe(isSame);
      }),
    );
  });

  it('is not what picks the partition: that is the customer, the order without one, or the ticket', () => {
    expect(partitionKeyOf(eventOf({}))).toBe('c-1');
    expect(partitionKeyOf(eventOf({ customer_id: null }))).toBe('o-1');
  });
});
