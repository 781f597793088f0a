import type { Fingerprint } from './fingerprint.js';

/** The three words of a fingerprint. */
type Words = Pick<Fingerprint, 'a' | 'b' | 'c'>;

/** The pages that are open, and the partition that each is of. */
export type PageOwners = ReadonlyMap<number, number>;

const WORDS = 4;
const FIRST_CAPACITY = 1_024;

/**
 * Fingerprints with the page of the window that each was met on, in one block of memory, 16 bytes for each place: nothing
 * for the garbage collector to follow. A page that is closed takes its fingerprints with it: they say nothing from then
 * on, and are left out when the block is next made anew.
 */
export class FingerprintTable {
  /** Places of four words: the fingerprint and its page. One whose first word is 0 is free. At least half are. */
  #places = new Int32Array(FIRST_CAPACITY * WORDS);
  #size = 0;
  readonly #owners: PageOwners;

  constructor(owners: PageOwners) {
    this.#owners = owners;
  }

  /** Puts a fingerprint on an open page, and says whether any open page held it already. A partition holds it once. */
  add(print: Words, page: number): boolean {
    const { a, b, c } = print;
    const places = this.#places;
    const mask = places.length / WORDS - 1;
    let isKnown = false;
    let index = b & mask;
    for (let found = places[index * WORDS]; found !== 0; found = places[index * WORDS]) {
      const place = index * WORDS;
      if (found === a && places[place + 1] === b && places[place + 2] === c) {
        const owner = this.#owners.get(places[place + 3] ?? 0);
        if (owner !== undefined) isKnown = true;
        if (isKnown && owner === this.#owners.get(page)) {
          places[place + 3] = page;
          return true;
        }
      }
      index = (index + 1) & mask;
    }
    put(places, index * WORDS, print, page);
    if (++this.#size * 2 > mask + 1) this.#makeAnew();
    return isKnown;
  }

  /** Places taken; at most half of all. */
  get size(): number {
    return this.#size;
  }

  /** Leaves out what closed pages held, and takes more room when more than a third would be taken at once. */
  #makeAnew(): void {
    const before = this.#places;
    const print = { a: 0, b: 0, c: 0 };
    const isOpen = (place: number) => before[place] !== 0 && this.#owners.has(before[place + 3] ?? 0);
    this.#size = 0;
    for (let place = 0; place < before.length; place += WORDS) if (isOpen(place)) this.#size++;
    this.#places = new Int32Array(capacityFor(this.#size) * WORDS);
    for (let place = 0; place < before.length; place += WORDS) {
      if (!isOpen(place)) continue;
      print.a = before[place] ?? 0;
      print.b = before[place + 1] ?? 0;
      print.c = before[place + 2] ?? 0;
      put(this.#places, this.#freePlaceOf(print), print, before[place + 3] ?? 0);
    }
  }

  #freePlaceOf({ b }: Words): number {
    const mask = this.#places.length / WORDS - 1;
    let index = b & mask;
    while (this.#places[index * WORDS] !== 0) index = (index + 1) & mask;
    return index * WORDS;
  }
}

/** A power of two. */
function capacityFor(size: number): number {
  let capacity = FIRST_CAPACITY;
  while (size * 3 > capacity) capacity *= 2;
  return capacity;
}

function put(places: Int32Array, place: number, { a, b, c }: Words, page: number): void {
  places[place] = a;
  places[place + 1] = b;
  places[place + 2] = c;
  places[place + 3] = page;
}
