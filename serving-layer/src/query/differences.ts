import { addExact, type ExactInteger, type Metric, negateExact, unitOf } from '@tandem/shared';
import { integersOf, type NamedValues, show } from './name-values.js';
import type { Values } from './values.js';

/** Integers per measure, in the metric's order: money in ten-thousandths. */
export type Amounts = readonly ExactInteger[];

export function amountsOf(metric: Metric, values: Values): Amounts {
  return [...integersOf(metric, values).values()];
}

/** a − b, measure by measure. */
export function subtract(a: Amounts, b: Amounts): Amounts {
  return a.map((amount, index) => addExact(amount, negateExact(b[index] ?? 0)));
}

/** What differences can be named: measures, and totals of them. A ratio of differences would mean nothing. */
export function differenceNames(metric: Metric): readonly string[] {
  const totals = Object.entries(metric.derived).filter(([, { kind }]) => kind === 'total');
  return [...Object.keys(metric.measures), ...totals.map(([name]) => name)];
}

/** Differences by name, in units of currency; may be negative. */
export function nameDifferences(metric: Metric, amounts: Amounts): NamedValues {
  const byName = new Map(Object.keys(metric.measures).map((name, index) => [name, amounts[index] ?? 0]));
  const amountOf = (name: string): ExactInteger => {
    const derived = metric.derived[name];
    if (derived?.kind !== 'total') return byName.get(name) ?? 0;
    const plus = derived.plus.map((operand) => byName.get(operand) ?? 0);
    const minus = derived.minus.map((operand) => negateExact(byName.get(operand) ?? 0));
    return [...plus, ...minus].reduce<ExactInteger>(addExact, 0);
  };
  return Object.fromEntries(differenceNames(metric).map((name) => [name, show(unitOf(metric, name), amountOf(name))]));
}
