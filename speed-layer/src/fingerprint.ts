import { randomBytes } from 'node:crypto';
import type { Event } from '@tandem/shared';

/**
 * 96 bits that stand for an event's identity (event_id, occurred_at), so that a window of many events keeps no texts.
 * Two identities share them by chance once in 10^28 pairs. The seed is another one in every process: nobody can choose
 * ids that do. One object is used over and over: making one per event would cost more than the fingerprint.
 */
export class Fingerprint {
  /** 32 bits each; `a` is never 0. */
  a = 0;
  b = 0;
  c = 0;

  /** Becomes the fingerprint of an event; returns itself. */
  of({ event_id, occurred_at }: Event): this {
    let a = Math.imul(SEED_A ^ event_id.length, PRIME_A);
    let b = Math.imul(SEED_B ^ occurred_at, PRIME_B);
    let c = Math.imul(SEED_C ^ Math.floor(occurred_at / 2 ** 32), PRIME_C);
    for (let at = 0; at < event_id.length; at += 2) {
      // NaN past the end of the text becomes 0.
      const pair = event_id.charCodeAt(at) | (event_id.charCodeAt(at + 1) << 16);
      a = Math.imul(rotate(a, 13) ^ pair, PRIME_A);
      b = Math.imul(rotate(b, 17) ^ pair, PRIME_B);
      c = Math.imul(rotate(c, 11) ^ pair, PRIME_C);
    }
    // Each word takes in the others, so that a part of it is as good as the whole.
    this.a = mix(a ^ rotate(b, 7)) || 1;
    this.b = mix(b ^ rotate(c, 19));
    this.c = mix(c ^ rotate(a, 5));
    return this;
  }
}

const [SEED_A, SEED_B, SEED_C] = new Int32Array(new Uint8Array(randomBytes(12)).buffer) as unknown as [
  number,
  number,
  number,
];

/** Odd, with their bits spread well. */
const PRIME_A = 0x9e3779b1;
const PRIME_B = 0x85ebca77;
const PRIME_C = 0xc2b2ae3d;

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

/** Lets every bit of a word change every other one. */
function mix(word: number): number {
  const half = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  const most = Math.imul(half ^ (half >>> 15), 0x846ca68b);
  return most ^ (most >>> 16);
}
