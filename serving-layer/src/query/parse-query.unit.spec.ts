import { describe, expect, it } from '@jest/globals';
import { loadMetrics, TandemError } from '@tandem/shared';
import { refundMetric } from '../testing/refund-metric.js';
import { compareQueryParser, metricQueryParser } from './parse-query.js';

const metrics = await loadMetrics();
const revenue = metrics.find(({ name }) => name === 'revenue') ?? refundMetric;
const parse = metricQueryParser(revenue);

function refusal(queryString: string, parser = parse): TandemError {
  try {
    parser(queryString);
  } catch (error) {
    if (error instanceof TandemError) return error;
  }
  throw new Error(`${queryString} was not refused`);
}

describe('a query string', () => {
  it('asks for everything of all layers when it is empty', () => {
    expect(parse('')).toMatchObject({
      where: [],
      groupBy: [],
      range: null,
      granularity: null,
      format: 'json',
      bom: false,
      explain: false,
    });
    expect(parse('').layers).toEqual(['merged', 'batch', 'speed']);
  });

  it('filters by one value or by any of several', () => {
    expect(parse('category=books&country=FR&country=DE&country=FR').where).toEqual([
      { dimension: 'category', values: ['books'] },
      { dimension: 'country', values: ['DE', 'FR'] },
    ]);
  });

  it('groups by dimensions in their own order, comma separated or repeated', () => {
    expect(parse('group_by=country,category').groupBy).toEqual(['category', 'country']);
    expect(parse('group_by=country&group_by=category').groupBy).toEqual(['category', 'country']);
  });

  it('reads times with offset, with an unescaped plus, and dates', () => {
    const midnight = Date.UTC(2026, 0, 31);
    expect(parse('from=2026-01-31&to=2026-02-01T01:00:00+01:00').range).toEqual({
      fromMs: midnight,
      toMs: midnight + 86_400_000,
    });
    expect(parse('from=2026-01-31T01:00:00%2B01:00').range).toEqual({ fromMs: midnight, toMs: null });
  });

  it('takes a dimension value with characters of SQL as a value', () => {
    expect(parse(`category=${encodeURIComponent("'; DROP TABLE x --")}`).where[0]?.values).toEqual([
      "'; DROP TABLE x --",
    ]);
  });

  it('is refused with the allowed names for an unknown parameter', () => {
    const { message, facts } = refusal('colour=red');
    expect(message).toContain('"colour"');
    expect(facts['allowed']).toEqual([
      'category',
      'country',
      'group_by',
      'format',
      'bom',
      'layer',
      'from',
      'to',
      'granularity',
      'explain',
    ]);
    expect(refusal('__proto__=1').code).toBe('request-invalid');
    expect(refusal('constructor=1').code).toBe('request-invalid');
  });

  it.each([
    ['layer=fast', 'layer', ['merged', 'batch', 'speed']],
    ['granularity=week', 'granularity', ['hour', 'day']],
    ['format=xml', 'format', ['json', 'csv']],
    ['group_by=colour', 'group_by', ['category', 'country']],
    ['group_by=', 'group_by', ['category', 'country']],
    ['explain=yes', 'explain', ['0', '1']],
  ])('%s is refused with what is allowed', (queryString, parameter, allowed) => {
    expect(refusal(queryString).facts).toEqual({ parameter, allowed });
  });

  it.each([
    ['from=2019-11-31', 'from'],
    ['from=yesterday', 'from'],
    ['from=1e9', 'from'],
    ['from=2026-01-31T08:30:00Z', 'from'],
    ['to=2026-01-31T08:00:00Z&granularity=day', 'to'],
    ['from=2026-01-02&to=2026-01-02', 'from'],
    ['from=2026-01-03&to=2026-01-02', 'from'],
    ['to=2101-01-01', 'to'],
    ['category=', 'category'],
    [`category=${'x'.repeat(65)}`, 'category'],
    ['category=a%00b', 'category'],
    ['layer=batch&layer=speed', 'layer'],
  ])('%s is refused', (queryString, parameter) => {
    const { code, facts } = refusal(queryString);
    expect({ code, parameter: facts['parameter'] }).toEqual({ code: 'request-invalid', parameter });
  });

  it.each([
    ['category=', 'category: found ""; allowed are 1 to 64 printable characters'],
    ['category', 'category: found ""; allowed are 1 to 64 printable characters'],
    ['category=books&category=', 'category: found ""; allowed are 1 to 64 printable characters'],
    ['category=a%E2%80%AEb', 'category: found "a\\u202eb"; allowed are 1 to 64 printable characters'],
    ['categry=books', 'found the parameter "categry"; allowed are category, country,'],
    ['categry=books', '; did you mean category?'],
    ['Category=books', '; did you mean category?'],
    ['=books', 'found the parameter ""; allowed are category,'],
    ['layer=bach', 'layer: found "bach"; allowed are merged, batch, speed; did you mean batch?'],
    ['layer=', 'layer: found ""; allowed are merged, batch, speed'],
    ['layer=batch&layer=batch', 'layer: found ["batch","batch"]; allowed is one value'],
    ['from=2026-01-01&from=2026-01-02', 'from: found ["2026-01-01","2026-01-02"]; allowed is one value'],
    ['group_by=category,', 'group_by: found ""; allowed are category, country'],
    ['from=', 'from: found ""; allowed is an existing date or instant'],
    ['from=2026-01-31T08:30:00Z', 'from: found "2026-01-31T08:30:00Z"; allowed is a full hour (UTC)'],
    ['category=%FF', 'found %FF in the query; allowed is UTF-8, percent-encoded'],
    ['category=%C3', 'found %C3 in the query; allowed is UTF-8, percent-encoded'],
    ['category=%ED%A0%BD', 'found %ED%A0%BD in the query; allowed is UTF-8, percent-encoded'],
    ['%FF=books', 'found %FF in the query; allowed is UTF-8, percent-encoded'],
    ['category=50%', 'and a percent sign as %25'],
    ['category=%zz', 'found %zz in the query; allowed is UTF-8, percent-encoded'],
    ['category=B\xfccher', 'found B%fccher in the query; allowed is UTF-8, percent-encoded'],
    [`${'category=a&'.repeat(101)}`, 'category: found 101 values; allowed are at most 100 values'],
  ])('%s is refused with the words of every door', (queryString, said) => {
    expect(refusal(queryString).message).toContain(said);
  });

  it('is UTF-8, percent-encoded or as it is', () => {
    const values = ['B%C3%BCcher+und+%F0%9F%8E%81', Buffer.from('Bücher und 🎁').toString('latin1')];
    for (const value of values) expect(parse(`category=${value}`).where[0]?.values).toEqual(['Bücher und 🎁']);
    expect(parse('&category=books&&').where[0]?.values).toEqual(['books']);
    expect(parse('category=a%3Db%26c%2Bd%25').where[0]?.values).toEqual(['a=b&c+d%']);
  });

  it('says that a parameter given twice may be given once', () => {
    expect(refusal('layer=batch&layer=speed').message).toContain('allowed is one value');
  });

  it('of a comparison knows filters, grouping and format only', () => {
    const parser = compareQueryParser(revenue);
    expect(parser('category=books&group_by=country&format=csv')).toMatchObject({ groupBy: ['country'], format: 'csv' });
    expect(refusal('from=2026-01-01', parser).facts['allowed']).toEqual([
      'category',
      'country',
      'group_by',
      'format',
      'bom',
    ]);
  });
});
