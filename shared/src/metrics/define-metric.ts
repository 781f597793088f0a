import { createHash } from 'node:crypto';
import { TandemError } from '../errors.js';
import { EVENT_TYPES, fieldNamesOf } from '../events/event.js';
import { type FieldName, fields } from '../events/fields.js';
import type { Derived, Measure, Metric, Unit } from './metric.js';

const NAME = /^[a-z][a-z0-9_]{0,39}$/;

/** Column names that every batch view has, and query parameters: no measure or dimension may be called so. */
const RESERVED = [
  'run_id',
  'grain',
  'bucket',
  'grouping',
  'day',
  'layer',
  'from',
  'to',
  'granularity',
  'group_by',
  'format',
  'explain',
];

/** Checks a definition and freezes it. Throws `definition-invalid`, naming the value found and what is allowed. */
export function defineMetric(metric: Metric): Metric {
  const names = [...metric.dimensions, ...Object.keys(metric.measures), ...Object.keys(metric.derived)];
  for (const name of [metric.name, ...names]) {
    if (!NAME.test(name) || RESERVED.includes(name) || name.endsWith('_sketch')) {
      fail(
        metric,
        `the name ${JSON.stringify(name)}`,
        `lower snake case up to 40 characters, none of ${RESERVED.join(', ')}, not ending in _sketch`,
      );
    }
  }
  if (new Set(names).size !== names.length)
    fail(metric, 'a name used twice', 'one name for one dimension, measure or derived value');
  for (const measure of Object.values(metric.measures)) checkMeasure(metric, measure);
  for (const derived of Object.values(metric.derived)) checkDerived(metric, derived);
  return Object.freeze(metric);
}

function checkMeasure(metric: Metric, measure: Measure): void {
  if (measure.of.length === 0) fail(metric, 'a measure of no event type', `at least one of ${EVENT_TYPES.join(', ')}`);
  for (const type of measure.of) {
    if (!EVENT_TYPES.includes(type)) fail(metric, `the event type ${type}`, EVENT_TYPES.join(', '));
    const allowed = fieldNamesOf(type);
    const needed = [
      ...metric.dimensions.map((dimension) => dimensionField(measure, dimension)),
      ...(measure.field ? [measure.field] : []),
    ];
    for (const name of needed) {
      if (!allowed.includes(name)) fail(metric, `the field ${name} of ${type}`, allowed.join(', '));
    }
  }
  const column = measure.field && fields[measure.field].column;
  if (measure.kind === 'sum' && column !== 'money' && column !== 'integer')
    fail(metric, `a sum of ${measure.field}`, 'money and integer fields');
  if (measure.kind === 'distinct' && column !== 'text') fail(metric, `distinct ${measure.field}`, 'text fields');
}

function checkDerived(metric: Metric, derived: Derived): void {
  const operands =
    derived.kind === 'ratio' ? [derived.numerator, derived.denominator] : [...derived.plus, ...derived.minus];
  for (const operand of operands) {
    if (metric.measures[operand] === undefined)
      fail(metric, `a value derived from ${operand}`, Object.keys(metric.measures).join(', '));
  }
  if (derived.kind === 'total' && new Set(operands.map((operand) => unitOf(metric, operand))).size !== 1) {
    fail(metric, `a total of ${operands.join(', ')}`, 'at least one measure, all of one unit');
  }
  if (derived.kind === 'ratio' && unitOf(metric, derived.denominator) === 'money') {
    fail(metric, `a ratio by the money ${derived.denominator}`, 'a ratio by a measure that counts');
  }
}

function fail(metric: Metric, found: string, allowed: string): never {
  throw new TandemError('definition-invalid', `metric ${metric.name}: found ${found}; allowed: ${allowed}`);
}

/** The event field that holds a dimension's value for this measure. */
export function dimensionField(measure: Measure, dimension: FieldName): FieldName {
  return measure.by?.[dimension] ?? dimension;
}

/** Unit of a measure or a derived value. A ratio of money to a count is money. */
export function unitOf(metric: Metric, name: string): Unit {
  const derived = metric.derived[name];
  if (derived?.kind === 'total') return unitOf(metric, derived.plus[0] ?? derived.minus[0] ?? '');
  if (derived?.kind === 'ratio') return unitOf(metric, derived.numerator) === 'money' ? 'money' : 'ratio';
  const measure = metric.measures[name];
  return measure?.kind === 'sum' && measure.field && fields[measure.field].column === 'money' ? 'money' : 'integer';
}

/** 8 hexadecimal digits that change whenever what is stored would: views of another hash are other views. */
export function definitionHash(metric: Metric): string {
  const stored = [metric.name, metric.dimensions, Object.entries(metric.measures)];
  return createHash('sha256').update(JSON.stringify(stored)).digest('hex').slice(0, 8);
}
