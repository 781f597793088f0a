import {
  addExact,
  type Derived,
  type ExactInteger,
  type Metric,
  negateExact,
  TEN_THOUSANDTHS,
  toDecimalText,
  type Unit,
  unitOf,
} from '@tandem/shared';
import { ExactNumber } from '../exact-json.js';
import { isDistinct, type Values } from './values.js';

/** A number as an answer shows it: money as exact decimal; null for a ratio to zero. */
export type Shown = ExactNumber | number | null;
export type NamedValues = Readonly<Record<string, Shown>>;

/** Names of everything that an answer shows of a metric: measures, then derived values, in definition order. */
export function valueNames(metric: Metric): readonly string[] {
  return [...Object.keys(metric.measures), ...Object.keys(metric.derived)];
}

/** Measures and derived values by name, in units of currency. */
export function nameValues(metric: Metric, values: Values): NamedValues {
  const integers = integersOf(metric, values);
  const measures = Object.keys(metric.measures).map((name) => [
    name,
    show(unitOf(metric, name), integers.get(name) ?? 0),
  ]);
  const derived = Object.entries(metric.derived).map(([name, definition]) => [
    name,
    show(unitOf(metric, name), derive(metric, definition, integers)),
  ]);
  return Object.fromEntries([...measures, ...derived]);
}

/** The values as integers by measure: ten-thousandths for money, the count for a distinct one. */
export function integersOf(metric: Metric, values: Values): ReadonlyMap<string, ExactInteger> {
  return new Map(
    Object.keys(metric.measures).map((name, index) => {
      const value = values[index] ?? 0;
      return [name, isDistinct(value) ? value.count : value];
    }),
  );
}

function derive(metric: Metric, derived: Derived, integers: ReadonlyMap<string, ExactInteger>): ExactInteger | null {
  const integerOf = (name: string) => integers.get(name) ?? 0;
  if (derived.kind === 'ratio') {
    const { numerator, denominator } = derived;
    const scale = ratioScale(unitOf(metric, numerator), unitOf(metric, denominator));
    return divideHalfUp(BigInt(integerOf(numerator)) * scale, BigInt(integerOf(denominator)));
  }
  const plus = derived.plus.reduce((sum, name) => addExact(sum, integerOf(name)), 0 as ExactInteger);
  return derived.minus.reduce((sum, name) => addExact(sum, negateExact(integerOf(name))), plus);
}

/** What turns numerator / denominator into ten-thousandths of the quotient in units. */
function ratioScale(numerator: Unit, denominator: Unit): bigint {
  const scale = BigInt(TEN_THOUSANDTHS);
  return (numerator === 'money' ? 1n : scale) * (denominator === 'money' ? scale : 1n);
}

/** Rounded half up; null when the divisor is 0. */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint | null {
  if (divisor === 0n) return null;
  const [n, d] = divisor < 0n ? [-dividend, -divisor] : [dividend, divisor];
  const doubled = 2n * n + d;
  const quotient = doubled / (2n * d);
  // BigInt division truncates towards zero; rounding half up needs the floor.
  return doubled < 0n && doubled % (2n * d) !== 0n ? quotient - 1n : quotient;
}

export function show(unit: Unit, value: ExactInteger | null): Shown {
  if (value === null) return null;
  if (unit !== 'integer') return new ExactNumber(toDecimalText(value));
  return typeof value === 'bigint' ? new ExactNumber(value.toString()) : value;
}

/** The measures that a value is made of: itself, or what it is derived from. */
export function operandsOf(metric: Metric, name: string): readonly string[] {
  const derived = metric.derived[name];
  if (!derived) return [name];
  return derived.kind === 'ratio' ? [derived.numerator, derived.denominator] : [...derived.plus, ...derived.minus];
}
