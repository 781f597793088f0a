import { TandemError } from '../../errors.js';

/** The number of a bigint column, which the driver gives as text. Throws `corrupt` beyond ±(2^53 − 1). */
export function toSafeInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new TandemError('corrupt', `found ${text} in Postgres; allowed are integers up to 2^53 - 1`);
}
