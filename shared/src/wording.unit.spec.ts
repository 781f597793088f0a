import { describe, expect, it } from '@jest/globals';
import { allowedNames, quoted, quotedValue, shown, suggestion } from './wording.js';

describe('what was found', () => {
  it.each([
    ['', '""'],
    ['a "b"\n', '"a \\"b\\"\\n"'],
    ['a\u202eb\u200bc\u2028d', '"a\\u202eb\\u200bc\\u2028d"'],
    ['\ud800', '"\\ud800"'],
    ['Überraschung 🎁', '"Überraschung 🎁"'],
  ])('is shown with all that cannot be seen: %j', (text, expected) => {
    expect(quoted(text)).toBe(expected);
  });

  it.each([
    [undefined, 'nothing'],
    [null, 'null'],
    [7, '7'],
    [[], '[]'],
    [{ a: true }, '{"a":true}'],
    [1n, 'a value that JSON cannot write'],
  ])('is shown as JSON writes it: %p', (value, expected) => {
    expect(quotedValue(value)).toBe(expected);
  });

  it('is cut where it is long, by whole characters', () => {
    expect(shown('9'.repeat(101))).toBe(`${'9'.repeat(100)}…`);
    expect(quoted('x'.repeat(60_000))).toHaveLength(101);
    for (let before = 90; before < 110; before++) {
      expect(quoted(`${'x'.repeat(before)}🎁${'x'.repeat(100)}`)).not.toMatch(/\\ud83c(?!\\)/);
    }
  });
});

describe('what is allowed', () => {
  const names = ['order_placed', 'order_refunded', 'ticket_opened', 'sku'];
  it.each([
    ['order_plased', 'order_placed'],
    ['ORDER_PLACED', 'order_placed'],
    ['orderplaced', 'order_placed'],
    ['ticket_open', 'ticket_opened'],
    ['skuu', 'sku'],
  ])('names what %s is nearly', (found, nearest) => {
    expect(allowedNames(found, names)).toBe(`allowed are ${names.join(', ')}; did you mean ${nearest}?`);
  });

  it.each(['', 'books', 'xyz', 7, null, undefined, 'x'.repeat(100_000)])('names nothing near to %p', (found) => {
    expect(suggestion(found, names)).toBe('');
  });

  it('has nothing near where nothing is allowed', () => {
    expect(suggestion('books', [])).toBe('');
  });
});
