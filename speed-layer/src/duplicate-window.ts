import type { Event } from '@tandem/shared';
import { Fingerprint } from './fingerprint.js';
import { FingerprintTable } from './fingerprint-table.js';

/** Two pages of one partition: of the generation that its newest offset lies in, and of the one before. */
type Pages = { readonly generation: number; readonly newer: number; readonly older: number | undefined };

/** Tables that the fingerprints are spread over (a power of two): none is so large that its growth is felt. */
const TABLES = 64;

/**
 * The identities of the latest events of all partitions that a worker reads: of each those at offsets from
 * (g − 1) × reach (inclusive) on, where g is the generation that its newest offset lies in. So it reaches back at least
 * `reach` records of each partition and at most twice that, and what it holds of one depends on the log alone, not on
 * where reading began. Barriers do not empty it: a copy may lie above the boundary and its original below.
 */
export class DuplicateWindow {
  readonly #reach: number;
  readonly #print = new Fingerprint();
  readonly #pages = new Map<number, Pages>();
  /** The partition that each open page is of. */
  readonly #owners = new Map<number, number>();
  readonly #tables = Array.from({ length: TABLES }, () => new FingerprintTable(this.#owners));
  #lastPage = 0;

  constructor(reach: number) {
    this.#reach = reach;
  }

  /**
   * Adds the event at `offset` (ascending from call to call of one partition) and says whether the window holds a copy of
   * it already, from whichever partition.
   */
  isDuplicate(event: Event, partition: number, offset: number): boolean {
    const page = this.#pageOf(partition, Math.floor(offset / this.#reach));
    const print = this.#print.of(event);
    return (this.#tables[print.c & (TABLES - 1)] as FingerprintTable).add(print, page);
  }

  /** Forgets what it holds of a partition. */
  forget(partition: number): void {
    const { newer, older } = this.#pages.get(partition) ?? {};
    this.#close(newer);
    this.#close(older);
    this.#pages.delete(partition);
  }

  /** Places that fingerprints take, those not swept out yet among them. */
  get size(): number {
    return this.#tables.reduce((sum, { size }) => sum + size, 0);
  }

  #pageOf(partition: number, generation: number): number {
    const before = this.#pages.get(partition);
    if (before?.generation === generation) return before.newer;
    const isNext = before?.generation === generation - 1;
    this.#close(before?.older);
    if (!isNext) this.#close(before?.newer);
    const newer = ++this.#lastPage;
    this.#owners.set(newer, partition);
    this.#pages.set(partition, { generation, newer, older: isNext ? before.newer : undefined });
    return newer;
  }

  #close(page: number | undefined): void {
    if (page !== undefined) this.#owners.delete(page);
  }
}
