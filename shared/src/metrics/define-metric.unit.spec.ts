import { describe, expect, it } from '@jest/globals';
import type { EventType } from '../events/event.js';
import type { FieldName } from '../events/fields.js';
import { defineMetric, definitionHash, dimensionField, unitOf } from './define-metric.js';
import { count, distinct, type Metric, ratio, sum, total } from './metric.js';
import { loadMetrics } from './registry.js';

const valid: Metric = {
  name: 'refund_amounts',
  description: 'Refunds by country.',
  dimensions: ['country'],
  measures: {
    refunded: sum('amount', ['order_refunded']),
    orders: distinct('order_id', ['order_refunded']),
    lines: count(['order_refunded']),
    pieces: sum('quantity', ['order_refunded']),
  },
  derived: {
    average: ratio('refunded', 'orders'),
    pieces_per_line: ratio('pieces', 'lines'),
    all: total(['refunded']),
  },
};

const unknownType = 'order_lost' as EventType;
const unknownField = 'colour' as FieldName;

describe('defining a metric', () => {
  it('gives a frozen value', () => {
    expect(Object.isFrozen(defineMetric(valid))).toBe(true);
  });

  it.each<[string, Partial<Metric>, string]>([
    ['a name in upper case', { name: 'Refunds' }, '"Refunds"'],
    ['a name with a quote', { name: 'a"b' }, 'lower snake case'],
    ['a name of 41 characters', { name: 'x'.repeat(41) }, '40 characters'],
    ['a reserved name', { measures: { bucket: count(['order_placed']) } }, '"bucket"'],
    ['a name that a sketch column has', { measures: { orders_sketch: count(['order_placed']) } }, '_sketch'],
    ['a name used twice', { derived: { country: total(['lines']) } }, 'used twice'],
    ['a measure of no event type', { measures: { lines: count([]) } }, 'no event type'],
    ['an unknown event type', { measures: { lines: count([unknownType]) } }, 'order_lost'],
    ['an unknown field', { measures: { lines: sum(unknownField, ['order_placed']) } }, 'colour'],
    [
      'a field that the type lacks',
      { dimensions: [], measures: { lines: sum('amount', ['ticket_opened']) } },
      'amount of ticket_opened',
    ],
    ['a dimension that the type lacks', { measures: { lines: count(['ticket_opened']) } }, 'country of ticket_opened'],
    ['a sum of text', { measures: { lines: sum('sku', ['order_placed']) } }, 'a sum of sku'],
    ['distinct amounts', { measures: { lines: distinct('amount', ['order_placed']) } }, 'distinct amount'],
    ['a derived value of nothing known', { derived: { all: total(['nothing']) } }, 'nothing'],
    ['a total of nothing', { derived: { all: total([]) } }, 'at least one measure'],
    ['a total of two units', { derived: { all: total(['refunded'], ['lines']) } }, 'one unit'],
    ['a ratio by money', { derived: { lines_per_coin: ratio('lines', 'refunded') } }, 'a ratio by the money refunded'],
  ])('refuses %s, naming it', (_, change, named) => {
    const define = () => defineMetric({ ...valid, derived: {}, ...change });
    const withMeasures = () => defineMetric({ ...valid, ...change });
    expect('derived' in change ? withMeasures : define).toThrow(
      expect.objectContaining({ code: 'definition-invalid', message: expect.stringContaining(named) }),
    );
  });

  it('tells the unit of every measure and derived value', () => {
    const units = Object.fromEntries(
      [...Object.keys(valid.measures), ...Object.keys(valid.derived)].map((name) => [name, unitOf(valid, name)]),
    );
    expect(units).toEqual({
      refunded: 'money',
      orders: 'integer',
      lines: 'integer',
      pieces: 'integer',
      average: 'money',
      pieces_per_line: 'ratio',
      all: 'money',
    });
  });

  it('has another hash whenever what is stored would be another, and the same for another description or derived value', () => {
    const hash = definitionHash(valid);
    expect(hash).toMatch(/^[0-9a-f]{8}$/);
    expect(definitionHash({ ...valid, description: 'else', derived: {} })).toBe(hash);
    expect(definitionHash({ ...valid, dimensions: ['category'] })).not.toBe(hash);
    expect(definitionHash({ ...valid, measures: { ...valid.measures, lines: count(['order_placed']) } })).not.toBe(
      hash,
    );
    expect(definitionHash({ ...valid, name: 'other' })).not.toBe(hash);
  });

  it('finds a dimension’s value in the field that the measure names', () => {
    const moved = count(['ticket_priority_changed'], { by: { priority: 'previous_priority' } });
    expect(dimensionField(moved, 'priority')).toBe('previous_priority');
    expect(dimensionField(count(['ticket_opened']), 'priority')).toBe('priority');
  });
});

describe('loading metrics', () => {
  it('finds every definition file of the folder, each under its own name', async () => {
    const metrics = await loadMetrics();
    expect(metrics.map(({ name }) => name)).toEqual(expect.arrayContaining(['revenue', 'tickets']));
    expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length);
  });
});
