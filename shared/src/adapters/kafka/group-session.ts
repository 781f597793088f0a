import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { TandemError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { Offsets } from '../../offsets.js';
import type { GroupMember } from '../../ports/event-log.js';
import { kafkaError } from './kafka-client.js';
import { markers, recordsFrom } from './records.js';

export type SessionOptions = {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** What retention has left of the log, and its end: tells a lost stretch from a transaction's marks. */
  readonly bounds: () => Promise<{ readonly starts: Offsets; readonly ends: Offsets }>;
  readonly logger: Logger | undefined;
};

/** Where a partition that is ours goes on; replaced at every assignment. */
type Place = { next: Promise<number> };

const FETCH_WAIT_MS = 100;
const FETCH_BYTES = 8 * 1024 * 1024;
const LONGEST_END_MS = 2_000;

/**
 * One membership of a consumer group, from joining until the signal is aborted, the member throws, or the client gives
 * up. The broker decides who reads what; where to read is for the member to say, and never taken from committed offsets.
 */
export class GroupSession {
  readonly #options: SessionOptions;
  readonly #member: GroupMember;
  readonly #consumer: Consumer;
  readonly #places = new Map<number, Place>();
  readonly #heartbeatMs: number;
  #fail: (error: unknown) => void = () => {};

  constructor(options: SessionOptions, member: GroupMember) {
    const { group: groupId, sessionTimeoutMs: sessionTimeout, rebalanceTimeoutMs: rebalanceTimeout } = options;
    this.#options = options;
    this.#member = member;
    this.#heartbeatMs = Math.floor(sessionTimeout / 4);
    this.#consumer = options.kafka.consumer({
      groupId,
      sessionTimeout,
      rebalanceTimeout,
      heartbeatInterval: this.#heartbeatMs,
      maxBytesPerPartition: FETCH_BYTES,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      allowAutoTopicCreation: false,
    });
  }

  /** Resolves when the signal is aborted. Throws what the member throws, and `unavailable` when the client gives up. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => {});
    const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort');
    try {
      await Promise.race([this.#start(), failed, aborted]);
      await Promise.race([failed, aborted]);
    } catch (error) {
      throw kafkaError(error);
    } finally {
      await this.#end();
    }
  }

  async #start(): Promise<void> {
    const { topic, partitions } = this.#options;
    const { GROUP_JOIN, CRASH } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => this.#takePlaces(payload.memberAssignment[topic] ?? []));
    this.#consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart) this.#fail(payload.error);
    });
    this.#consumer.on(this.#consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      // A batch of marks alone is not shown to the handler below.
      if (payload.batchSize === 0) this.#passMarkers(payload.partition, Number(payload.lastOffset));
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic, fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: partitions,
      eachBatch: (payload) => this.#handle(payload),
    });
  }

  async #end(): Promise<void> {
    for (const partition of this.#places.keys()) this.#member.revoked(partition);
    this.#places.clear();
    // A broker that is away cannot be said goodbye to.
    await Promise.race([this.#consumer.disconnect().catch(() => {}), sleep(LONGEST_END_MS, undefined, { ref: false })]);
  }

  /** Another member may have had any partition since the last time, so all are asked for anew. */
  #takePlaces(partitions: readonly number[]): void {
    for (const partition of this.#places.keys()) {
      if (!partitions.includes(partition)) this.#member.revoked(partition);
    }
    this.#places.clear();
    for (const partition of partitions) {
      const place: Place = { next: Promise.resolve(0) };
      this.#places.set(partition, place);
      this.#assign(partition, place);
    }
  }

  #assign(partition: number, place: Place): void {
    place.next = this.#member.assigned(partition);
    place.next.then(
      (offset) => this.#seek(partition, place, offset),
      (error) => this.#fail(error),
    );
  }

  #seek(partition: number, place: Place, offset: number): void {
    if (this.#places.get(partition) !== place) return;
    this.#consumer.seek({ topic: this.#options.topic, partition, offset: String(offset) });
  }

  async #handle({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const place = this.#places.get(batch.partition);
    if (!place) return;
    const beating = setInterval(() => void heartbeat().catch(() => {}), this.#heartbeatMs);
    try {
      const from = await place.next;
      if (!isRunning() || isStale() || this.#places.get(batch.partition) !== place) return;
      const last = Number(batch.lastOffset());
      if (!(await this.#reaches(batch.partition, place, from, Number(batch.firstOffset()), last))) return;
      await this.#take(batch.partition, place, recordsFrom(batch, from), heartbeat);
      if ((await place.next) === last + 1) resolveOffset(String(last));
    } catch (error) {
      // The broker's own errors are the client's to handle: it joins the group again.
      if (!(error instanceof TandemError)) throw error;
      this.#fail(error);
      return;
    } finally {
      clearInterval(beating);
    }
    await heartbeat();
  }

  /** False when the batch is not what was asked for and has to be fetched again. Throws `corrupt` when that cannot help. */
  async #reaches(partition: number, place: Place, from: number, first: number, last: number): Promise<boolean> {
    if (first <= from && from <= last) return true;
    const { starts, ends } = await this.#options.bounds();
    const [start = 0, end = 0] = [starts[partition], ends[partition]];
    if (from < start || from > end) throw outOfLog(this.#options.topic, partition, from, start, end);
    // Nothing but marks of transactions lies between.
    if (from < first) return true;
    this.#seek(partition, place, from);
    return false;
  }

  async #take(
    partition: number,
    place: Place,
    records: ReturnType<typeof recordsFrom>,
    heartbeat: () => Promise<void>,
  ): Promise<void> {
    const end = (records.at(-1)?.offset ?? 0) + 1;
    try {
      const next = await this.#member.take({ partition, records });
      place.next = Promise.resolve(next);
      if (next !== end) this.#seek(partition, place, next);
    } catch (error) {
      if (!(error instanceof TandemError && error.code === 'fenced')) throw error;
      // Throws when the group has gone on without us: then the partition is not ours to claim again.
      await heartbeat();
      this.#assign(partition, place);
      await place.next;
    }
  }

  #passMarkers(partition: number, last: number): void {
    const place = this.#places.get(partition);
    if (!place) return;
    place.next = place.next.then((next) =>
      last < next ? next : this.#member.take({ partition, records: markers(next, last + 1) }),
    );
    place.next.catch((error) => this.#fail(error));
  }
}

function outOfLog(topic: string, partition: number, wanted: number, start: number, end: number): TandemError {
  const cause =
    wanted < start
      ? `retention has taken the records from ${wanted} to ${start - 1} before they were read`
      : 'the topic was made anew, or is another one';
  return new TandemError(
    'corrupt',
    `partition ${partition} of ${topic}: found offset ${wanted} wanted; allowed are ${start} to ${end}: ${cause}`,
    { facts: { topic, partition, wanted, start, end } },
  );
}
