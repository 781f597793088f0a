import type { Spread } from './harness/spread.js';
import type { Workplace } from './harness/workplace.js';
import type { Sizes } from './sizes.js';

/** One benchmark: what it compares with what, measured in pairs within one run. */
export type Benchmark = {
  readonly name: string;
  readonly title: string;
  run(context: Context): Promise<Outcome>;
};

export type Context = {
  readonly sizes: Sizes;
  readonly place: Workplace;
  /** One line about what is under way. */
  readonly say: (line: string) => void;
};

export type Outcome = {
  /** What was worked on: counts and shapes. */
  readonly sizes: string;
  readonly rows: readonly Row[];
  /** What limits the result, in one line, from a profile. */
  readonly limits: string;
  readonly notes?: readonly string[];
};

/** One line of a result. Without a peer it is a plain measurement; without a goal it is for information. */
export type Row = {
  readonly what: string;
  readonly unit: Unit;
  readonly ours: Spread;
  readonly peer?: Spread;
  readonly ratio?: Spread;
  readonly goal?: Goal;
};

export type Unit = 'records/s' | 'requests/s' | 's' | 'ms' | 'MB';

/** What the ratio should be, or the measurement itself where there is no peer. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };
