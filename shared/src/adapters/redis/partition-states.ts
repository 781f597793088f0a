import type { FoldedStretch } from '../../ports/realtime-view-store.js';
import type { HeldPartition } from '../memory/held-partition.js';
import type { PartitionClaim, Write } from './partition-claim.js';
import type { PartitionKeys } from './partition-keys.js';
import { type PartitionMeta, type StateSize, stateField, stateText, textsOf } from './partition-meta.js';
import { piecesOf } from './state-pieces.js';
import type { Command } from './stretch-commands.js';

/** Characters of stretches that stay behind a compaction, for readers who have most of them. */
const KEPT_LENGTH = 4 * 1024 * 1024;

/**
 * What a writer remembers of the states and stretches in Redis: together they are the view. Stretches are added one by
 * one; now and then the states of the segments that have changed are written anew, rarely enough that it costs no more
 * than the stretches did.
 */
export class PartitionStates {
  readonly #leastLength: number;
  readonly #sizes: Map<number, StateSize>;
  /** Starts of the segments that have changed since their state was written; after a claim, all that may have. */
  readonly #changed: Set<number>;
  /** Numbers of the first and last stretch in the list (inclusive). */
  #first: number;
  #last: number;
  /** Lengths of the last stretches, oldest first, as far as this writer wrote them. */
  #lengths: number[] = [];
  #uncompacted: number;
  #lastId: string;

  constructor(leastLength: number, meta: PartitionMeta | null) {
    this.#leastLength = leastLength;
    this.#sizes = new Map(meta?.states);
    this.#changed = new Set(meta?.tallies.keys());
    this.#first = meta?.first ?? 0;
    this.#last = meta?.last ?? 0;
    this.#uncompacted = meta?.uncompacted ?? 0;
    this.#lastId = '';
  }

  get isDue(): boolean {
    const written = [...this.#changed].reduce((sum, start) => sum + (this.#sizes.get(start)?.length ?? 0), 0);
    return this.#uncompacted > Math.max(this.#leastLength, written);
  }

  hasPieces(start: number): boolean {
    return (this.#sizes.get(start)?.pieces ?? 0) > 0;
  }

  /** Counts a stretch of so many characters; returns the fields of the meta hash that it changes. */
  count({ segments }: FoldedStretch, id: string, length: number): { last: number; uncompacted: number } {
    for (const { start } of segments) this.#changed.add(start);
    this.#lengths.push(length);
    this.#lastId = id;
    this.#uncompacted += length;
    return { last: ++this.#last, uncompacted: this.#uncompacted };
  }

  forget(starts: readonly number[]): void {
    for (const start of starts) {
      this.#sizes.delete(start);
      this.#changed.delete(start);
    }
  }

  /** Puts the states that have changed beside the old ones, and returns what exchanges them; null when that failed. */
  async compact(claim: PartitionClaim, held: HeldPartition, id: string): Promise<Write | null> {
    const staged = new Map<number, StateSize>();
    for (const segment of held.segments) {
      if (!this.#changed.has(segment.start)) continue;
      const size = await stage(claim, claim.keys.staging(segment.start), piecesOf(segment));
      if (size === null) return null;
      staged.set(segment.start, size);
    }
    return this.#exchange(claim.keys, held.applied, staged, id);
  }

  #exchange(keys: PartitionKeys, applied: number, staged: ReadonlyMap<number, StateSize>, id: string): Write {
    const kept = keptCount(this.#lengths);
    const first = this.#last - kept + 1;
    const whole = [...staged].filter(([, { pieces }]) => pieces > 0).map(([start]) => start);
    const fields = {
      first,
      uncompacted: 0,
      compacted: this.#last,
      compacted_id: this.#lastId,
      compacted_applied: applied,
      ...Object.fromEntries([...staged].map(([start, size]) => [stateField(start), stateText(size)])),
    };
    const commands: Command[] = [
      ['HSET', keys.meta, ...textsOf(fields)],
      ['LTRIM', keys.stretches, String(first - this.#first), '-1'],
      ...whole.map((start) => ['RENAME', keys.staging(start), keys.state(start)]),
    ];
    this.#first = first;
    this.#lengths = this.#lengths.slice(-kept);
    this.#uncompacted = 0;
    this.#changed.clear();
    for (const [start, size] of staged) this.#sizes.set(start, size);
    return { commands, needed: whole.map((start) => keys.staging(start)), id };
  }
}

/** How many of the last stretches stay: at least the last one, whose id tells that a state goes up to it. */
function keptCount(lengths: readonly number[]): number {
  let length = 0;
  let kept = 0;
  while (kept < lengths.length && (kept === 0 || length + (lengths.at(-1 - kept) ?? 0) <= KEPT_LENGTH)) {
    length += lengths.at(-1 - kept) ?? 0;
    kept++;
  }
  return kept;
}

/** Null when what was staged is not whole any more. */
async function stage(claim: PartitionClaim, key: string, pieces: Iterable<string>): Promise<StateSize | null> {
  let count = 0;
  let length = 0;
  for (const piece of pieces) {
    if (!(await claim.stage(key, count, piece))) return null;
    count++;
    length += piece.length;
  }
  return { pieces: count, length };
}
