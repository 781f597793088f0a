import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toCsv } from './csv.js';
import { ExactNumber } from './exact-json.js';

describe('CSV', () => {
  it('has a header, CRLF after each line, numbers bare and text quoted', () => {
    const rows = [['books', 3, new ExactNumber('12.3456'), null]];
    expect(toCsv(['category', 'orders', 'revenue', 'average'], rows)).toBe(
      'category,orders,revenue,average\r\n"books",3,12.3456,\r\n',
    );
  });

  it('doubles quotes and keeps commas and line breaks inside quotes', () => {
    expect(toCsv(['c'], [['a"b'], ['x,y'], ['1\r\n2']])).toBe('c\r\n"a""b"\r\n"x,y"\r\n"1\r\n2"\r\n');
  });

  it.each([
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\tx',
    '\r=1',
    '\nx',
    ' =1',
    '"=1"',
    "'=1",
    "'quoted",
    '\u00a0=1',
    '\u200b=1',
    '\ufeff=1',
    '\0=1',
    '\uff1d1',
    '\uff0b1',
    '\uff0d1',
    '\uff20a',
    '\u22121',
  ])("puts one ' before %j, which a spreadsheet could run, and nothing else", (text) => {
    expect(toCsv(['c'], [[text]])).toBe(`c\r\n"'${text.replaceAll('"', '""')}"\r\n`);
  });

  it.each(['books', 'a=b', 'a-b', 'x@y.example', '1', 'Müller', '中文', '"x"', ' x', '#'])(
    'leaves %j as it is',
    (text) => {
      expect(toCsv(['c'], [[text]])).toBe(`c\r\n"${text.replaceAll('"', '""')}"\r\n`);
    },
  );

  it("gives every text back to a reader who takes one ' from the beginning", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[ '"=+@-]{0,4}$/)), (text) => {
        const field = toCsv(['c'], [[text]])
          .slice(4, -3)
          .replaceAll('""', '"');
        expect(field.replace(/^'/, '')).toBe(text);
      }),
    );
  });

  it('leaves negative numbers numbers', () => {
    expect(toCsv(['a', 'b'], [[-3, new ExactNumber('-12.5')]])).toBe('a,b\r\n-3,-12.5\r\n');
  });

  it('of no rows is the header alone', () => {
    expect(toCsv(['a', 'b'], [])).toBe('a,b\r\n');
  });
});
