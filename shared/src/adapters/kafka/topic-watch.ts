import type { Admin } from 'kafkajs';
import { messageOf, TandemError } from '../../errors.js';
import { SharedRead } from '../../shared-read.js';
import { kafkaError, withinDeadline } from './kafka-client.js';
import { isUnknownTopic, readLimits, type TopicLimits } from './topic.js';

export type Watched = Pick<Admin, 'fetchTopicMetadata' | 'describeConfigs'>;

const ASK_DEADLINE_MS = 3_000;
/** Brokers that start, or have just been told of a topic, may not know it for a moment. */
const LONGEST_UNKNOWN_MS = 3_000;

/**
 * Looks whether a topic can still be what it was opened as: it is there, has as many partitions, and keeps every record.
 * Whoever has other rights over it may change that at any time.
 */
export class TopicWatch {
  readonly #admin: Watched;
  readonly #topic: string;
  readonly #partitions: number;
  readonly #look: SharedRead<void>;
  #limits: TopicLimits;
  #unknownSince: number | null = null;

  constructor(admin: Watched, topic: string, partitions: number, limits: TopicLimits) {
    this.#admin = admin;
    this.#topic = topic;
    this.#partitions = partitions;
    this.#limits = limits;
    this.#look = new SharedRead(() => this.#lookNow());
  }

  /** The most bytes that one batch of records may have, as of the last look. */
  get maxBatchBytes(): number {
    return this.#limits.maxBatchBytes;
  }

  /** Throws `corrupt` with what has changed and what to do; `unavailable` when it cannot be told now. */
  look(): Promise<void> {
    return withinDeadline(`looking at ${this.#topic}`, ASK_DEADLINE_MS, this.#look.get());
  }

  async #lookNow(): Promise<void> {
    const found = await this.#countPartitions();
    if (found !== this.#partitions)
      throw this.#changed(
        `found ${found} partitions; allowed are ${this.#partitions}: ${found > this.#partitions ? PARTITIONS_ADDED : REPLACED}`,
      );
    this.#limits = await readLimits(this.#admin, this.#topic);
    const { cleanupPolicy } = this.#limits;
    if (cleanupPolicy.includes('compact'))
      throw this.#changed(`found cleanup.policy ${cleanupPolicy}; allowed is delete: ${COMPACTED}`);
  }

  async #countPartitions(): Promise<number> {
    try {
      const { topics } = await this.#admin.fetchTopicMetadata({ topics: [this.#topic] });
      this.#unknownSince = null;
      return topics[0]?.partitions.length ?? 0;
    } catch (error) {
      if (!isUnknownTopic(error)) throw kafkaError(error);
      this.#unknownSince ??= performance.now();
      if (performance.now() - this.#unknownSince >= LONGEST_UNKNOWN_MS)
        throw this.#changed(`found no such topic: ${REPLACED}`);
      throw new TandemError('unavailable', `Kafka: ${messageOf(error)}`, { cause: error });
    }
  }

  #changed(what: string): TandemError {
    return new TandemError('corrupt', `the topic ${this.#topic}: ${what}`, { facts: { topic: this.#topic } });
  }
}

const SEE = '(docs/runbook.md, "The topic was changed")';
const PARTITIONS_ADDED = `what lies in the new ones is not counted. Begin with an empty database and LOG_PARTITIONS set to that number ${SEE}`;
const COMPACTED = `compaction takes events away. Set it back ${SEE}`;
const REPLACED = `it was deleted or made anew. Bring the old one back, or begin with an empty database ${SEE}`;
