import { hashOf } from './distinct-sketch.js';

const SLOTS = 65_536;
/** How many characters at a text's end pick its slot: ids of one kind begin alike. */
const TELLING_CHARACTERS = 8;

/**
 * Remembers the hashes of values that came lately: events of one order or customer come close together, and a look is a
 * tenth of an MD5. Each value has one slot and displaces what was there, so nothing grows and nothing has to be cleared.
 */
export class HashCache {
  readonly #values = new Array<string>(SLOTS).fill('');
  readonly #hashes = new Float64Array(SLOTS).fill(hashOf(''));

  /** The same as `hashOf`. */
  hashOf(value: string): number {
    const slot = slotOf(value);
    if (this.#values[slot] !== value) {
      this.#values[slot] = value;
      this.#hashes[slot] = hashOf(value);
    }
    return this.#hashes[slot] as number;
  }
}

function slotOf(value: string): number {
  let mixed = value.length;
  for (let at = Math.max(0, value.length - TELLING_CHARACTERS); at < value.length; at++) {
    mixed = Math.imul(mixed ^ value.charCodeAt(at), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  return mixed & (SLOTS - 1);
}
