import { TandemError } from '../../errors.js';
import type { Metric } from '../../metrics/metric.js';
import type { FoldedStretch, PartitionView } from '../../ports/realtime-view-store.js';
import { ZERO_TALLY } from '../../tally.js';
import { addSegment, addStretch, dropSegments, type HeldPartition } from '../memory/held-partition.js';
import { decodePiece, decodeStretch } from './encode-cells.js';
import type { PartitionKeys } from './partition-keys.js';
import { definitionsOf, type PartitionMeta, parseMeta, tallyText } from './partition-meta.js';
import type { RedisConnection } from './redis-connection.js';
import { ID_LENGTH } from './scripts.js';

/** Bounds the memory of one answer; a reader that is nearly up to date asks once. */
const STRETCHES_AT_ONCE = 32;
/** A state that changes while it is read is read again: compactions are rare, so more than one in the way is a fault. */
const LOAD_ATTEMPTS = 3;

const NOT_THERE =
  'the realtime view is not in Redis: it was emptied, evicted, or not begun; the speed layer rebuilds it';
const INCOMPLETE =
  'the realtime view in Redis is incomplete: keys were evicted or deleted; the speed layer rebuilds it';
const OTHER_DEFINITIONS =
  'the realtime view in Redis was made with other metric definitions; start the same version of every layer';

const GONE_BACK =
  'Redis came back with an older copy of the realtime view than was shown before; the speed layer adds what is missing';

/** A copy of a partition, and up to which stretch it goes: enough to ask for what it lacks. */
export type PartitionCopy = {
  readonly held: HeldPartition;
  readonly view: string;
  /** Number and id of the last stretch in it. */
  seq: number;
  id: string;
  /** As of the last time that it was complete; null before. */
  meta: PartitionMeta | null;
};

/** Keeps a copy of one partition up to date with what Redis holds. Its cells stay the same objects while the view does. */
export class PartitionReader {
  readonly #connection: RedisConnection;
  readonly #keys: PartitionKeys;
  readonly #metrics: readonly Metric[];
  #copy: PartitionCopy | null = null;
  #cold = NOT_THERE;
  /** The furthest that was shown of a view: less of the same is an older copy. */
  #shown = { view: '', applied: 0 };

  constructor(connection: RedisConnection, keys: PartitionKeys, metrics: readonly Metric[]) {
    this.#connection = connection;
    this.#keys = keys;
    this.#metrics = metrics;
  }

  /** Null when Redis holds nothing that an answer can rest on. */
  get copy(): PartitionCopy | null {
    return this.#copy;
  }

  /** Changes whenever what `partition` gives does. */
  get version(): string {
    return this.#copy?.meta?.version ?? this.#cold;
  }

  get partition(): PartitionView {
    return this.#copy?.held ?? { from: 0, applied: 0, segments: [], cold: this.#cold };
  }

  /** Brings the copy to what Redis holds now: one round trip when it is near. Throws `unavailable`. */
  async sync(): Promise<void> {
    const left = { loads: LOAD_ATTEMPTS };
    while (!(await this.#step(left)));
  }

  /** True when there is nothing more to do. */
  async #step(left: { loads: number }): Promise<boolean> {
    const [kind, meta = [], stretches = []] = await this.#ask();
    if (kind === 'same') return true;
    if (kind === 'none') return this.#lose(NOT_THERE);
    if (kind === 'incomplete') return this.#lose(INCOMPLETE);
    if (kind === 'reload' && left.loads-- === 0) return this.#lose(INCOMPLETE);
    try {
      return kind === 'reload' ? await this.#load(parseMeta(meta)) : this.#add(parseMeta(meta), stretches);
    } catch (error) {
      if (!(error instanceof TandemError) || error.code === 'unavailable') throw error;
      // What does not fit together is read anew.
      this.#copy = null;
      return false;
    }
  }

  #ask() {
    const { view = '', seq = -1, id = '', meta } = this.#copy ?? {};
    const args = [meta?.version ?? '', view, String(seq), id, String(STRETCHES_AT_ONCE)];
    return this.#connection.run((client) => client.readPartition([this.#keys.meta, this.#keys.stretches], args));
  }

  #lose(reason: string): true {
    this.#copy = null;
    this.#cold = reason;
    return true;
  }

  /** Reads the states anew. True when there is nothing to hope for, false when the stretches since are to follow. */
  async #load(meta: PartitionMeta): Promise<boolean> {
    if (meta.definitions !== definitionsOf(this.#metrics)) return this.#lose(OTHER_DEFINITIONS);
    this.#copy = null;
    const held: HeldPartition = { from: meta.from, applied: meta.compactedApplied, segments: [], cold: null };
    for (const [start, { pieces }] of meta.states) await this.#loadSegment(held, start, pieces);
    const now = parseMeta(await this.#metaNow());
    // A compaction in between may have exchanged some states and not others.
    if (now.view !== meta.view || now.compactedId !== meta.compactedId) return false;
    this.#copy = { held, view: meta.view, seq: meta.compacted, id: meta.compactedId, meta: null };
    return false;
  }

  async #metaNow(): Promise<readonly string[]> {
    return Object.entries(await this.#connection.run((client) => client.hGetAll(this.#keys.meta))).flat();
  }

  /** Throws `corrupt` when a piece is missing. */
  async #loadSegment(held: HeldPartition, start: number, pieces: number): Promise<void> {
    const key = this.#keys.state(start);
    addSegment(held, { start, tally: ZERO_TALLY, cells: new Map() });
    for (let piece = 0; piece < pieces; piece++) {
      const text = await this.#connection.run((client) => client.lIndex(key, piece));
      if (text === null) throw new TandemError('corrupt', `found no piece ${piece} of ${key}; allowed are ${pieces}`);
      addSegment(held, { start, tally: ZERO_TALLY, cells: decodePiece(text, this.#metrics) });
    }
  }

  /** Adds stretches to the copy. True when it is complete; false when more are to follow. Throws `corrupt`, `conflict`. */
  #add(meta: PartitionMeta, stretches: readonly string[]): boolean {
    const copy = this.#copy;
    if (copy === null) return false;
    copy.meta = null;
    for (const text of stretches) {
      const stretch = decodeStretch(text.slice(ID_LENGTH), this.#keys.partition, this.#metrics);
      addStretch(copy.held, above(meta.from, stretch));
      copy.seq++;
      copy.id = text.slice(0, ID_LENGTH);
    }
    if (copy.seq < meta.last) return false;
    complete(copy.held, meta);
    this.#refuseOlder(copy.held, meta);
    copy.meta = meta;
    return true;
  }

  #refuseOlder(held: HeldPartition, { view, applied }: PartitionMeta): void {
    if (this.#shown.view === view && applied < this.#shown.applied) held.cold ??= GONE_BACK;
    else this.#shown = { view, applied };
  }
}

/**
 * The stretch without segments that have been dropped since: the state that such a segment goes on from went with it, so
 * that a new copy, which begins with the states, has nothing to add it to.
 */
function above(from: number, stretch: FoldedStretch): FoldedStretch {
  return { ...stretch, segments: stretch.segments.filter(({ start }) => start >= from) };
}

/** Brings a copy with all stretches to what the meta hash says. Throws `corrupt` when the two do not fit together. */
function complete(held: HeldPartition, meta: PartitionMeta): void {
  dropSegments(held, meta.from);
  held.from = meta.from;
  held.cold = meta.cold;
  held.lastDigest = meta.lastDigest;
  held.lastBarrier = meta.lastBarrier;
  for (const segment of held.segments) segment.tally = meta.tallies.get(segment.start) ?? segment.tally;
  const found = [held.applied, ...held.segments.map(({ start, tally }) => `${start}: ${tallyText(tally)}`)].join();
  const allowed = [meta.applied, ...[...meta.tallies].map(([start, tally]) => `${start}: ${tallyText(tally)}`)].join();
  if (found === allowed) return;
  throw new TandemError('corrupt', `found a copy of the realtime view with ${found}; allowed is ${allowed}`);
}
