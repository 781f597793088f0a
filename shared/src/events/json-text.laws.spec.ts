import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partsOf, readJsonText, repeatedKeyOf } from './json-text.js';

/** JSON with white space wherever it may be. */
function spaced(value: unknown, spaces: string): string {
  if (Array.isArray(value)) return `[${spaces}${value.map((one) => spaced(one, spaces)).join(`${spaces},`)}${spaces}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, one]) => `${JSON.stringify(key)}${spaces}:${spaces}${spaced(one, spaces)}`,
  );
  return `{${spaces}${members.join(`${spaces},${spaces}`)}${spaces}}`;
}

const json = fc.jsonValue({ maxDepth: 4 });
const spaces = fc.constantFrom('', ' ', '\n\t', '\r\n ');
const key = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('a', '"', '\\', '\\"', ':', '{', ']', ',', '__proto__'),
);

describe('the parts of a JSON text', () => {
  it('are its items, each as it is written', () => {
    fc.assert(
      fc.property(fc.array(json), spaces, (items, space) => {
        expect(partsOf(spaced(items, space))).toEqual(
          items.map((item) => ({ key: undefined, raw: spaced(item, space) })),
        );
      }),
    );
  });

  it('are its members, with their keys, however often they are there', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, json)), spaces, (members, space) => {
        const text = `${space}{${members.map(([name, value]) => `${space}${JSON.stringify(name)}${space}:${space}${spaced(value, space)}${space}`).join(',')}}`;
        expect(partsOf(text)).toEqual(members.map(([name, value]) => ({ key: name, raw: spaced(value, space) })));
        const names = members.map(([name]) => name);
        const isRepeated = new Set(names).size < names.length;
        expect(repeatedKeyOf(text) !== undefined).toBe(isRepeated);
      }),
    );
  });

  it('are none of a scalar, of nothing, and of a text in which brackets stand', () => {
    for (const text of ['7', 'null', '"[1,2]"', '{}', '[]', ' [ ] ']) expect(partsOf(text)).toEqual([]);
  });
});

describe('a key that is there twice', () => {
  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"b":{"a":1,"c":[{"d":1,"d":2}]}}', 'd'],
    ['[{"a":1},{"a":1,"b":{"x":1,"x":1}}]', 'x'],
    ['{"a":{"b":1},"c":{"b":1}}', undefined],
    ['{"a":"\\"a\\":1,\\"a\\":2"}', undefined],
  ])('is found at any depth: %s', (text, expected) => {
    expect(repeatedKeyOf(text)).toBe(expected);
  });
});

describe('bytes', () => {
  it('that JSON was written to are read as what it was, with or without a byte order mark', () => {
    fc.assert(
      fc.property(json, spaces, fc.constantFrom('', '\ufeff'), (value, space, mark) => {
        const text = spaced(value, space);
        expect(readJsonText(Buffer.from(mark + text))).toEqual({ text, value: JSON.parse(text) });
      }),
    );
  });

  it.each([
    ['', 'found no JSON'],
    [' \n', 'found no JSON'],
    ['\ufeff', 'found no JSON'],
    ['\ufeff\ufeff{}', 'found text that is not JSON'],
    ['{', 'found JSON that is not whole'],
    ['{"a"', 'found JSON that is not whole'],
    ['{"a":', 'found JSON that is not whole'],
    ['{"a":"b', 'found JSON that is not whole'],
    ['{"a":1', 'found JSON that is not whole'],
    ['[1,', 'found JSON that is not whole'],
    ['[1,2]]', 'found text that is not JSON'],
    ["{'a':1}", 'found text that is not JSON'],
    ['{"a":NaN}', 'found text that is not JSON'],
    ['{"a":01}', 'found text that is not JSON'],
    ['{"a":"\t"}', 'found text that is not JSON'],
    ['{"a":1,}', 'found text that is not JSON'],
    ['<html>', 'found text that is not JSON'],
  ])('that are none have it said what they are: %j', (text, fault) => {
    expect(readJsonText(Buffer.from(text))).toEqual({ fault: expect.stringContaining(fault) });
    expect(readJsonText(Buffer.from(text))).toEqual({ fault: expect.stringContaining('; allowed is ') });
  });
});
