import { type Event, identityOf } from '@tandem/shared';

/**
 * The identities of one partition's latest events: those at offsets from (g − 1) × reach (inclusive) on, where g is the
 * generation that the newest offset lies in. So it reaches back at least `reach` records and at most twice that, and
 * what it holds depends on the log alone, not on where reading began: a restart decides as no restart would.
 * Barriers do not empty it: a copy may lie above the boundary and its original below.
 */
export class DuplicateWindow {
  readonly #reach: number;
  #generation = 0;
  #newer = new Identities();
  #older = new Identities();

  constructor(reach: number) {
    this.#reach = reach;
  }

  /** Adds the event at `offset` (ascending from call to call) and says whether the window holds a copy of it already. */
  isDuplicate(event: Event, offset: number): boolean {
    this.#moveTo(Math.floor(offset / this.#reach));
    return !this.#newer.add(event) || this.#older.has(event);
  }

  /** Identities held now; at most twice the reach. */
  get size(): number {
    return this.#newer.size + this.#older.size;
  }

  #moveTo(generation: number): void {
    if (generation === this.#generation) return;
    this.#older = generation === this.#generation + 1 ? this.#newer : new Identities();
    this.#newer = new Identities();
    this.#generation = generation;
  }
}

/**
 * A set of (event_id, occurred_at). Nearly every event_id has one time, so the id alone is the key; further times of one
 * id stand apart. That is exact, and spares building a text for every event.
 */
class Identities {
  readonly #timeOfId = new Map<string, number>();
  readonly #furtherTimes = new Set<string>();

  get size(): number {
    return this.#timeOfId.size + this.#furtherTimes.size;
  }

  has(event: Event): boolean {
    const time = this.#timeOfId.get(event.event_id);
    if (time === undefined) return false;
    return time === event.occurred_at || this.#furtherTimes.has(identityOf(event));
  }

  /** False when it was there already. */
  add(event: Event): boolean {
    const time = this.#timeOfId.get(event.event_id);
    if (time === undefined) {
      this.#timeOfId.set(event.event_id, event.occurred_at);
      return true;
    }
    if (this.has(event)) return false;
    this.#furtherTimes.add(identityOf(event));
    return true;
  }
}
