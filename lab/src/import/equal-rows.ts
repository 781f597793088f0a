import { hash } from 'node:crypto';

/** Maps hold some 16 million keys at most: several of them hold more. */
const SHARDS = 64;
/** Hexadecimal digits of a fingerprint that a number holds exactly. */
const DIGITS = 12;

/**
 * Counts how often each text came, by a fingerprint of 48 bits: some 50 bytes for each different text. Where two share
 * one, the second has a number that is too high, which tells it from others just as well.
 */
export class EqualRows {
  readonly #counts = Array.from({ length: SHARDS }, () => new Map<number, number>());
  #repeated = 0;

  /** 1 for the first time, 2 for the second, and so on. */
  numberOf(text: string): number {
    const fingerprint = Number.parseInt(hash('sha256', text, 'hex').slice(0, DIGITS), 16);
    const counts = this.#counts[fingerprint % SHARDS];
    const number = (counts?.get(fingerprint) ?? 0) + 1;
    counts?.set(fingerprint, number);
    if (number > 1) this.#repeated++;
    return number;
  }

  /** How many texts had come before. */
  get repeated(): number {
    return this.#repeated;
  }
}
