import { TandemError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import { hashOf } from '../../measures/distinct-sketch.js';
import type { Metric } from '../../metrics/metric.js';
import type { Claim, FoldedStretch, RealtimeView, RealtimeViewStore } from '../../ports/realtime-view-store.js';
import { SharedRead } from '../../shared-read.js';
import { PartitionKeys } from './partition-keys.js';
import { PartitionReader } from './partition-reader.js';
import { PartitionWriter } from './partition-writer.js';
import { RedisConnection } from './redis-connection.js';

const LEAST_COMPACTION_LENGTH = 4 * 1024 * 1024;

export type RedisRealtimeViewOptions = {
  /** redis:// or rediss://, with the password and the number of the database if there are any. */
  readonly url: string;
  /** What the names of the view's keys begin with: one for each log. */
  readonly prefix: string;
  readonly partitions: number;
  readonly metrics: readonly Metric[];
  readonly logger: Logger;
  /** Characters of stretches that are added, at least, before states are written anew. For tests. */
  readonly leastCompactionLength?: number;
};

/**
 * The realtime view in Redis. Whoever claims a partition keeps it in memory too and writes what changes; who asks for the
 * view keeps a copy and reads what is new in it. What Redis loses is found missing before anybody answers from it.
 */
export class RedisRealtimeViewStore implements RealtimeViewStore {
  readonly #options: RedisRealtimeViewOptions;
  readonly #connection: RedisConnection;
  readonly #keys: readonly PartitionKeys[];
  readonly #readers: readonly PartitionReader[];
  readonly #writers = new Map<number, PartitionWriter>();
  readonly #shared = new SharedRead(() => this.#read());

  /** Connects meanwhile: while Redis is away, calls throw `unavailable` within seconds, until it is back. */
  constructor(options: RedisRealtimeViewOptions) {
    const { url, prefix, partitions, metrics, logger } = options;
    this.#options = options;
    this.#connection = new RedisConnection(url, logger);
    this.#keys = Array.from({ length: partitions }, (_, partition) => new PartitionKeys(prefix, partition));
    this.#readers = this.#keys.map((keys) => new PartitionReader(this.#connection, keys, metrics));
  }

  async claim(partition: number): Promise<Claim> {
    const { metrics, leastCompactionLength = LEAST_COMPACTION_LENGTH } = this.#options;
    const keys = this.#keysOf(partition);
    this.#writers.delete(partition);
    const writer = await PartitionWriter.claim({
      connection: this.#connection,
      keys,
      metrics,
      leastCompactionLength,
    });
    this.#writers.set(partition, writer);
    return { owner: writer.owner, held: writer.standing };
  }

  async begin(partition: number, owner: number, from: number): Promise<void> {
    await this.#writerOf(partition, owner).begin(from);
  }

  async apply(owner: number, stretch: FoldedStretch): Promise<void> {
    await this.#writerOf(stretch.partition, owner).apply(stretch);
  }

  async dropBelow(partition: number, owner: number, boundary: number): Promise<void> {
    await this.#writerOf(partition, owner).dropBelow(boundary);
  }

  async setCold(partition: number, owner: number, reason: string | null): Promise<void> {
    await this.#writerOf(partition, owner).setCold(reason);
  }

  heldSize(): number {
    return [...this.#writers.values()].reduce((sum, { heldSize }) => sum + heldSize, 0);
  }

  view(): Promise<RealtimeView> {
    return this.#shared.get();
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #read(): Promise<RealtimeView> {
    await Promise.all(this.#readers.map((reader) => reader.sync()));
    return {
      // The same in every process, and another one after each change: 52 bits of the changes' random ids.
      version: hashOf(this.#readers.map(({ version }) => version).join(' ')),
      partitions: this.#readers.map(({ partition }) => partition),
    };
  }

  #keysOf(partition: number): PartitionKeys {
    const keys = this.#keys[partition];
    if (keys) return keys;
    throw new TandemError('not-found', `found partition ${partition}; allowed are 0 to ${this.#keys.length - 1}`);
  }

  #writerOf(partition: number, owner: number): PartitionWriter {
    this.#keysOf(partition);
    const writer = this.#writers.get(partition);
    if (writer?.owner === owner) return writer;
    throw new TandemError(
      'fenced',
      `found claim ${owner} of partition ${partition}; allowed is ${writer?.owner ?? 'none'}, the latest of this process: claim it to write`,
    );
  }
}
