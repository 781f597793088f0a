import { TandemError } from '../../errors.js';
import type { Metric } from '../../metrics/metric.js';
import type { FoldedStretch, Standing } from '../../ports/realtime-view-store.js';
import {
  addStretch,
  dropSegments,
  type HeldPartition,
  refuseStretch,
  sizeHeld,
  standingOf,
} from '../memory/held-partition.js';
import { allKeysOf } from './all-keys.js';
import { encodeStretch } from './encode-cells.js';
import { newId, PartitionClaim, type Write } from './partition-claim.js';
import type { PartitionKeys } from './partition-keys.js';
import { metaAtBegin, stateField, tallyField, textsOf } from './partition-meta.js';
import { PartitionReader } from './partition-reader.js';
import { PartitionStates } from './partition-states.js';
import type { RedisConnection } from './redis-connection.js';
import { type Readable, readableCommands, sliced } from './stretch-commands.js';

export type WriterOptions = {
  readonly connection: RedisConnection;
  readonly keys: PartitionKeys;
  readonly metrics: readonly Metric[];
  /** States are written anew once the stretches since are as long as they are, and at least this many characters. */
  readonly leastCompactionLength: number;
};

/**
 * The one who writes a partition. It keeps the partition in memory, so that what it sends is what has changed, as absolute
 * values; Redis takes it only while the claim holds and nothing else has happened there. What is in memory may be one
 * write ahead of Redis: then that write is sent again before anything else. Its calls take turns.
 */
export class PartitionWriter {
  readonly #options: WriterOptions;
  readonly #claim: PartitionClaim;
  readonly #readable: Readable;
  #held: HeldPartition | null;
  #states: PartitionStates;
  /** The stretch that was applied last, if its caller was told that this is unknown. */
  #unanswered: { readonly from: number; readonly to: number } | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  /** Makes the caller the owner and reads what there is. Throws `unavailable`. */
  static async claim(options: WriterOptions): Promise<PartitionWriter> {
    const { connection, keys, metrics } = options;
    const claim = await PartitionClaim.take(connection, keys);
    const reader = new PartitionReader(connection, keys, metrics);
    await reader.sync();
    return new PartitionWriter(options, claim, reader);
  }

  private constructor(options: WriterOptions, claim: PartitionClaim, { copy }: PartitionReader) {
    this.#options = options;
    this.#claim = claim;
    this.#readable = readableCommands(options.metrics);
    this.#held = copy?.held ?? null;
    this.#states = new PartitionStates(options.leastCompactionLength, copy?.meta ?? null);
  }

  get owner(): number {
    return this.#claim.owner;
  }

  get standing(): Standing | null {
    return this.#held && standingOf(this.#held);
  }

  get heldSize(): number {
    return this.#held && !this.#claim.isLost ? sizeHeld(this.#held) : 0;
  }

  /** Throws `fenced`, `unavailable`. */
  begin(from: number): Promise<void> {
    return this.#inTurn(async () => {
      const { keys, connection, metrics } = this.#options;
      const id = newId();
      const cold = 'the realtime view is being rebuilt from the log';
      const meta = { ...metaAtBegin(id, from, metrics), ...this.#claim.fields, cold };
      const commands = [
        ...sliced(await allKeysOf(connection, keys)).map((slice) => ['UNLINK', ...slice]),
        ['HSET', keys.meta, ...textsOf(meta)],
        // Stands for stretch 0, so that a copy of a view without stretches can be told from one of another view.
        ['RPUSH', keys.stretches, `${id}null`],
      ];
      this.#held = { from, applied: from, segments: [], cold };
      this.#unanswered = null;
      this.#states = new PartitionStates(this.#options.leastCompactionLength, null);
      await this.#claim.write({ commands, needed: [], id });
    });
  }

  /** Throws `fenced`, `conflict`, `unavailable`; the same stretch again after that counts once. */
  apply(stretch: FoldedStretch): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#unanswered;
      if (before?.from === stretch.from && before.to === stretch.to) {
        this.#unanswered = null;
        return;
      }
      const held = this.#heldNow();
      refuseStretch(held, stretch);
      this.#unanswered = { from: stretch.from, to: stretch.to };
      await this.#claim.write(this.#add(held, stretch));
      this.#unanswered = null;
      // Whoever waits need not wait for this. If it fails, a later one does it.
      if (this.#states.isDue) void this.#inTurn(() => this.#compact()).catch(() => {});
    });
  }

  /** Throws `fenced`, `unavailable`; also where there is nothing to drop, so that a loss is noticed while the log is quiet. */
  dropBelow(boundary: number): Promise<void> {
    return this.#inTurn(async () => {
      const { keys } = this.#options;
      const held = this.#heldNow();
      const dropped = dropSegments(held, boundary);
      if (dropped.length === 0) return this.#claim.check(this.#neededKeys());
      const starts = dropped.map(({ start }) => start);
      this.#states.forget(starts);
      const id = newId();
      const fields = starts.flatMap((start) => [tallyField(start), stateField(start)]);
      const gone = dropped.flatMap(({ start, cells }) => [
        keys.state(start),
        // Left by a compaction that did not come to its end.
        keys.staging(start),
        ...[...cells.keys()].map((metric) => keys.readable(start, metric)),
      ]);
      // Deletes first: Redis refuses scripts that begin by setting something when it is full.
      const commands = [
        ...sliced(gone).map((slice) => ['UNLINK', ...slice]),
        ...sliced(fields).map((slice) => ['HDEL', keys.meta, ...slice]),
        ['HSET', keys.meta, ...textsOf({ from: held.from, version: id })],
      ];
      await this.#claim.write({ commands, needed: this.#neededKeys(), id });
    });
  }

  /** Throws `fenced`, `unavailable`. */
  setCold(reason: string | null): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#heldNow();
      if (held.cold === reason) return this.#claim.check(this.#neededKeys());
      held.cold = reason;
      const id = newId();
      const commands = [['HSET', this.#options.keys.meta, ...textsOf({ cold: reason ?? '', version: id })]];
      await this.#claim.write({ commands, needed: this.#neededKeys(), id });
    });
  }

  /** Does the work once all before it is done and the outcome of the last write is known. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(async () => {
      await this.#claim.settle();
      await work();
    });
    this.#turn = result.catch(() => {});
    return result;
  }

  #heldNow(): HeldPartition {
    if (this.#held) return this.#held;
    throw new TandemError(
      'conflict',
      `found partition ${this.#options.keys.partition}, of which Redis holds nothing; allowed is one after begin()`,
    );
  }

  #add(held: HeldPartition, stretch: FoldedStretch): Write {
    const { keys } = this.#options;
    const id = newId();
    const text = id + encodeStretch(stretch);
    const needed = this.#neededKeys();
    addStretch(held, stretch);
    const counted = this.#states.count(stretch, id, text.length);
    const last = { last_digest: held.lastDigest ?? '', last_barrier: held.lastBarrier ?? '' };
    const commands = [
      ['RPUSH', keys.stretches, text],
      ['HSET', keys.meta, ...textsOf({ version: id, applied: held.applied, ...last, ...counted })],
      ...this.#readable(keys, held, stretch),
    ];
    return { commands, needed, id };
  }

  #neededKeys(): readonly string[] {
    const { keys } = this.#options;
    const needed = [keys.stretches];
    for (const { start, cells } of this.#held?.segments ?? []) {
      if (this.#states.hasPieces(start)) needed.push(keys.state(start));
      for (const [metric, ofMetric] of cells) if (ofMetric.size > 0) needed.push(keys.readable(start, metric));
    }
    return needed;
  }

  /** Writes the states that have changed, and shortens the list of stretches. Changes nothing that a reader sees. */
  async #compact(): Promise<void> {
    // By the time that it is its turn, another may have done it, or the view may have been begun anew.
    if (!this.#states.isDue) return;
    const needed = this.#neededKeys();
    const write = await this.#states.compact(this.#claim, this.#heldNow(), newId());
    if (write) await this.#claim.write({ ...write, needed: [...needed, ...write.needed] });
  }
}
