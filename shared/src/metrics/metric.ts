import type { EventType } from '../events/event.js';
import type { FieldName } from '../events/fields.js';

/**
 * A metric is a value, not code. From it come the speed layer's fold, the batch SQL, the batch view's table,
 * the API's schema and the property tests.
 */
export type Metric = {
  /** Lower snake case; also the name of the batch view and the path in the API. */
  readonly name: string;
  readonly description: string;
  readonly dimensions: readonly FieldName[];
  /** In definition order; each is stored in both layers. */
  readonly measures: Readonly<Record<string, Measure>>;
  /** Computed from measures when an answer is given; never stored. */
  readonly derived: Readonly<Record<string, Derived>>;
};

export type Measure = {
  readonly kind: 'sum' | 'count' | 'distinct';
  /** Event types that it reads. */
  readonly of: readonly EventType[];
  /** The field that is summed or counted by distinct values; absent for `count`. */
  readonly field?: FieldName;
  /** Where the event's value for a dimension stands in another field than the one named like the dimension. */
  readonly by?: Readonly<Partial<Record<FieldName, FieldName>>>;
};

export type Derived =
  | { readonly kind: 'total'; readonly plus: readonly string[]; readonly minus: readonly string[] }
  /** null where the denominator is 0; rounded half up to 4 decimals. */
  | { readonly kind: 'ratio'; readonly numerator: string; readonly denominator: string };

/** `money` is in ten-thousandths; `ratio` of two integers too. */
export type Unit = 'money' | 'integer' | 'ratio';

type By = Pick<Measure, 'by'>;

export function sum(field: FieldName, of: readonly EventType[], by: By = {}): Measure {
  return { kind: 'sum', field, of, ...by };
}

export function count(of: readonly EventType[], by: By = {}): Measure {
  return { kind: 'count', of, ...by };
}

/** Distinct values of a field; events where it is null or absent do not count. */
export function distinct(field: FieldName, of: readonly EventType[], by: By = {}): Measure {
  return { kind: 'distinct', field, of, ...by };
}

/** Σ plus − Σ minus. */
export function total(plus: readonly string[], minus: readonly string[] = []): Derived {
  return { kind: 'total', plus, minus };
}

export function ratio(numerator: string, denominator: string): Derived {
  return { kind: 'ratio', numerator, denominator };
}
