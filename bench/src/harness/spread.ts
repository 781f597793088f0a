/** A median with the least and greatest value it comes from. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** Throws on an empty list. The median of an even count is the mean of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (lower === undefined || upper === undefined || min === undefined || max === undefined)
    throw new RangeError('found no values; a spread needs at least one');
  return { median: (lower + upper) / 2, min, max };
}

/** The value below which (or at which) a share of the values lies; `share` from 0 to 1. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
