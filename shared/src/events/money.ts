import { z } from 'zod';
import type { ExactInteger } from '../exact-integer.js';

/** Money inside Tandem is an integer number of ten-thousandths: 4 decimals are the most that ISO 4217 knows. */
export const TEN_THOUSANDTHS = 10_000;

/** Largest amount of one event, in currency units (inclusive). */
export const MAX_AMOUNT = 1_000_000_000;

/** 10^15: up to here integers have at most 15 digits, and a decimal of 15 digits is what its nearest double is shown as. */
const SHORT = 1e15;

const DECIMAL_PATTERN = '^(?:0?\\d{1,9}(?:\\.\\d{1,4})?|1000000000(?:\\.0{1,4})?)$';
const DECIMAL_TEXT = new RegExp(DECIMAL_PATTERN);

/**
 * Ten-thousandths of an amount given as a decimal number or as decimal text ("12.5"), 0 ≤ amount ≤ MAX_AMOUNT.
 * Returns undefined when it has more than 4 decimals, is negative, too large or not a number.
 */
export function toTenThousandths(amount: number | string): number | undefined {
  const value = typeof amount === 'number' ? amount : DECIMAL_TEXT.test(amount) ? Number(amount) : Number.NaN;
  if (!(value >= 0 && value <= MAX_AMOUNT)) return undefined;
  const integer = Math.round(value * TEN_THOUSANDTHS);
  // A double nearest to a decimal of 4 places is the correctly rounded quotient of its integer: this test is exact.
  return integer / TEN_THOUSANDTHS === value ? integer + 0 : undefined;
}

/** Exact decimal text of ten-thousandths, without trailing zeros: 123456 → "12.3456", −5000 → "-0.5". */
export function toDecimalText(tenThousandths: ExactInteger): string {
  // What most sums are, in a tenth of the time: a quotient by 10,000 of a number this small is shown to the digit.
  if (Number.isInteger(tenThousandths) && Math.abs(tenThousandths as number) < SHORT) {
    return String((tenThousandths as number) / TEN_THOUSANDTHS);
  }
  const value = BigInt(tenThousandths);
  const digits = (value < 0n ? -value : value).toString().padStart(5, '0');
  const fraction = digits.slice(-4).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -4)}${fraction === '' ? '' : `.${fraction}`}`;
}

const AMOUNT = {
  error: `allowed is a decimal from 0 to ${MAX_AMOUNT} with at most 4 decimals, as a number or as text`,
};

/** Zod schema of a money field: decimal text or number outside, integer ten-thousandths inside. */
export const moneySchema = z
  .union([z.string().meta({ pattern: DECIMAL_PATTERN }), z.number().min(0, AMOUNT).max(MAX_AMOUNT, AMOUNT)], AMOUNT)
  .transform((amount, context) => {
    const integer = toTenThousandths(amount);
    if (integer !== undefined) return integer;
    context.issues.push({ code: 'custom', input: amount, message: AMOUNT.error });
    return z.NEVER;
  })
  .describe('A number may have at most 4 decimals too, which JSON Schema cannot say exactly of binary numbers.');
