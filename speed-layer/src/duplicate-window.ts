import type { Event } from '@tandem/shared';
import { Fingerprint } from './fingerprint.js';
import { FingerprintSet } from './fingerprint-set.js';

/**
 * The identities of one partition's latest events: those at offsets from (g − 1) × reach (inclusive) on, where g is the
 * generation that the newest offset lies in. So it reaches back at least `reach` records and at most twice that, and
 * what it holds depends on the log alone, not on where reading began: a restart decides as no restart would.
 * Barriers do not empty it: a copy may lie above the boundary and its original below.
 */
export class DuplicateWindow {
  readonly #reach: number;
  readonly #print = new Fingerprint();
  #generation = 0;
  #newer = new FingerprintSet();
  #older = new FingerprintSet();

  constructor(reach: number) {
    this.#reach = reach;
  }

  /** Adds the event at `offset` (ascending from call to call) and says whether the window holds a copy of it already. */
  isDuplicate(event: Event, offset: number): boolean {
    this.#moveTo(Math.floor(offset / this.#reach));
    const print = this.#print.of(event);
    return !this.#newer.add(print) || this.#older.has(print);
  }

  /** Identities held now; at most twice the reach. */
  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  #moveTo(generation: number): void {
    if (generation === this.#generation) return;
    this.#older = generation === this.#generation + 1 ? this.#newer : new FingerprintSet();
    this.#newer = new FingerprintSet();
    this.#generation = generation;
  }
}
