import { TandemError } from './errors.js';

/** One offset per partition, indexed by partition number. Says nothing about in- or exclusive: names must. */
export type Offsets = readonly number[];

export function zeroOffsets(partitions: number): Offsets {
  return Array.from({ length: partitions }, () => 0);
}

/** True when a[p] ≤ b[p] for every partition. */
export function isAtOrBelow(a: Offsets, b: Offsets): boolean {
  return a.length === b.length && a.every((offset, partition) => offset <= (b[partition] ?? -1));
}

/** Records from `from` (inclusive) to `to` (exclusive), over all partitions; 0 where `to` lies below. */
export function recordsBetween(from: Offsets, to: Offsets): number {
  return to.reduce((sum, offset, partition) => sum + Math.max(0, offset - (from[partition] ?? 0)), 0);
}

/** {"0": 5123, "1": 4980}: the form in API answers. */
export function offsetsToJson(offsets: Offsets): Record<string, number> {
  return Object.fromEntries(offsets.map((offset, partition) => [String(partition), offset]));
}

/** Throws `request-invalid` unless there is one offset per partition. */
export function refuseWrongLength(offsets: Offsets, partitions: number): void {
  if (offsets.length === partitions) return;
  throw new TandemError(
    'request-invalid',
    `found ${offsets.length} offsets; allowed are ${partitions}, one per partition of the log`,
  );
}
