import type { Fingerprint } from './fingerprint.js';

/** The three words of a fingerprint. */
type Words = Pick<Fingerprint, 'a' | 'b' | 'c'>;

const WORDS = 3;
const FIRST_CAPACITY = 1_024;

/** A set of fingerprints in one block of memory, 12 bytes for each place: nothing for the garbage collector to follow. */
export class FingerprintSet {
  /** Places of three words; one whose first word is 0 is free. At least half are. */
  #places = new Int32Array(FIRST_CAPACITY * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(print: Words): boolean {
    return this.#places[this.#placeOf(print)] !== 0;
  }

  /** False when it was there already. */
  add(print: Words): boolean {
    const place = this.#placeOf(print);
    if (this.#places[place] !== 0) return false;
    this.#put(place, print.a, print.b, print.c);
    this.#size++;
    if (this.#size * 2 > this.#places.length / WORDS) this.#grow();
    return true;
  }

  /** Where the fingerprint is, or the free place where it belongs. */
  #placeOf({ a, b, c }: Words): number {
    const places = this.#places;
    const capacity = places.length / WORDS;
    for (let index = b & (capacity - 1); ; index = (index + 1) & (capacity - 1)) {
      const place = index * WORDS;
      const found = places[place];
      if (found === 0) return place;
      if (found === a && places[place + 1] === b && places[place + 2] === c) return place;
    }
  }

  #put(place: number, a: number, b: number, c: number): void {
    this.#places[place] = a;
    this.#places[place + 1] = b;
    this.#places[place + 2] = c;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Int32Array(before.length * 2);
    const print = { a: 0, b: 0, c: 0 };
    for (let place = 0; place < before.length; place += WORDS) {
      print.a = before[place] ?? 0;
      if (print.a === 0) continue;
      print.b = before[place + 1] ?? 0;
      print.c = before[place + 2] ?? 0;
      this.#put(this.#placeOf(print), print.a, print.b, print.c);
    }
  }
}
