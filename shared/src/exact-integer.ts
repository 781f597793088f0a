/**
 * An integer of any size: a plain number while it is safe (|n| ≤ 2^53 − 1), a bigint beyond.
 * Sums of money are kept in this form: never a float sum, never a silent overflow.
 */
export type ExactInteger = number | bigint;

/** a + b, exactly. */
export function addExact(a: ExactInteger, b: ExactInteger): ExactInteger {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return normalizeExact(BigInt(a) + BigInt(b));
}

/** −a, exactly. */
export function negateExact(a: ExactInteger): ExactInteger {
  return typeof a === 'bigint' ? normalizeExact(-a) : a === 0 ? 0 : -a;
}

/** The one representation of a value: a number where it is safe, so that equal values compare equal. */
export function normalizeExact(value: bigint): ExactInteger {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}
