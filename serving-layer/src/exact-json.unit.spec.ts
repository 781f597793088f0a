import { describe, expect, it } from '@jest/globals';
import { toDecimalText } from '@tandem/shared';
import fc from 'fast-check';
import { ExactNumber, toExactJson } from './exact-json.js';

describe('exact JSON', () => {
  it('writes plain values as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(toExactJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps every digit of a number that a double cannot hold', () => {
    const text = toDecimalText(2n ** 80n + 1n);
    expect(toExactJson({ revenue: new ExactNumber(text) })).toBe(`{"revenue":${text}}`);
    expect(text).toBe('120892581961462917470.6177');
  });

  it('leaves out keys without a value and writes nothing as null', () => {
    expect(toExactJson({ a: undefined, b: null, c: [undefined] })).toBe('{"b":null,"c":[null]}');
  });

  it('escapes keys and text', () => {
    expect(toExactJson({ '"': 'a\n\u2028"' })).toBe(JSON.stringify({ '"': 'a\n\u2028"' }));
  });

  it('writes a key named __proto__ like any other', () => {
    expect(toExactJson(Object.fromEntries([['__proto__', 1]]))).toBe('{"__proto__":1}');
  });
});
