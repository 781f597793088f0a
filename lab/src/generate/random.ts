/** A seeded stream of numbers (SplitMix32): the same seed and stream name give the same numbers, on every machine. */
export class Random {
  #state: number;

  /** Streams of one seed do not influence each other: drawing more from one leaves the others as they were. */
  constructor(seed: number, stream: string) {
    this.#state = seed >>> 0;
    for (const letter of `${Math.floor(seed / 2 ** 32)}/${stream}`) {
      this.#state = (this.integer() ^ letter.charCodeAt(0)) >>> 0;
    }
  }

  /** 32 random bits, as an integer from 0 to 2^32 − 1. */
  integer(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return mix(this.#state);
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  fraction(): number {
    return this.integer() / 2 ** 32;
  }

  /** A whole number from 0 (inclusive) to `bound` (exclusive). */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of them, each as likely as its weight says. */
  weighted<Choice extends { readonly weight: number }>(choices: readonly [Choice, ...Choice[]], total: number): Choice {
    let left = this.fraction() * total;
    for (const choice of choices) {
      left -= choice.weight;
      if (left < 0) return choice;
    }
    return choices[0];
  }
}

/** Scrambles 32 bits; different numbers give different numbers. */
export function mix(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
