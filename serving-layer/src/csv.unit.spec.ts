import { describe, expect, it } from '@jest/globals';
import { toCsv } from './csv.js';
import { ExactNumber } from './exact-json.js';

describe('CSV', () => {
  it('has a header, CRLF after each line, numbers bare and text quoted', () => {
    const rows = [['books', 3, new ExactNumber('12.3456'), null]];
    expect(toCsv(['category', 'orders', 'revenue', 'average'], rows)).toBe(
      'category,orders,revenue,average\r\n"books",3,12.3456,\r\n',
    );
  });

  it('doubles quotes and keeps commas, line breaks and formulas inside quotes', () => {
    expect(toCsv(['c'], [['a"b'], ['x,y'], ['1\r\n2'], ['=1+1']])).toBe(
      'c\r\n"a""b"\r\n"x,y"\r\n"1\r\n2"\r\n"=1+1"\r\n',
    );
  });

  it('of no rows is the header alone', () => {
    expect(toCsv(['a', 'b'], [])).toBe('a,b\r\n');
  });
});
