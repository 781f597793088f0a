import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka, Producer } from 'kafkajs';
import { TandemError } from '../../errors.js';
import type { LogMark } from '../../log-mark.js';
import { type Offsets, refuseWrongLength } from '../../offsets.js';
import { partitionOf } from '../../partition-of.js';
import type { EventLog, GroupMember, GroupOptions, LogBatch, NewRecord, ReadOptions } from '../../ports/event-log.js';
import { type AppendCall, AppendQueue, type AppendRow } from '../append-queue.js';
import { BatchHandover } from './batch-handover.js';
import { followGroup } from './follow-group.js';
import { connectTo, type KafkaConnection, withinDeadline } from './kafka-client.js';
import { BoundsAsker } from './log-bounds.js';
import { MarkProver } from './mark-prover.js';
import { isTooLarge, type Sending, sendCalls } from './send-calls.js';
import { ensureTopic, type TopicLimits } from './topic.js';
import { TopicWatch } from './topic-watch.js';
import { uncommittedAdmin } from './uncommitted-admin.js';

export type KafkaEventLogOptions = KafkaConnection & {
  readonly topic: string;
  readonly partitions: number;
  /** How long the broker keeps records, in milliseconds; -1 for ever, the default. Only for a topic that is made here. */
  readonly retentionMs?: number;
  /** Copies of each record; -1, the default, for the cluster's own. Only for a topic that is made here. */
  readonly replicas?: number;
  /** After so long an append is answered with `unavailable`, its outcome unknown. */
  readonly appendDeadlineMs?: number;
  /** After so long without a broker opening throws `unavailable`. */
  readonly openDeadlineMs?: number;
  /** A member that the broker has not heard of for so long loses its partitions. */
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
};

/** What opening has found out besides. */
type OpenedOptions = KafkaEventLogOptions & { readonly limits: TopicLimits; readonly identity: string };

const APPEND_DEADLINE_MS = 10_000;
const OPEN_DEADLINE_MS = 15_000;
const OFFSETS_DEADLINE_MS = 3_000;
const FORGET_DEADLINE_MS = 1_000;
const SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_TIMEOUT_MS = 30_000;
/** A read with an end asks after so long without a record whether there still is a broker. */
const LONGEST_SILENCE_MS = 5_000;
/** Of what the broker takes in one batch: the rest is for what a batch holds besides values. */
const BATCH_FILL = 0.9;

/** Opens the log that lies in a Kafka topic, which is made if it is missing. Throws `unavailable`, `configuration-invalid`. */
export async function openKafkaEventLog(options: KafkaEventLogOptions): Promise<KafkaEventLog> {
  const { topic, openDeadlineMs = OPEN_DEADLINE_MS } = options;
  const opened = await withinDeadline(`opening ${topic}`, openDeadlineMs, findTopic(options, openDeadlineMs));
  const kafka = connectTo(options, 'log');
  const admin = kafka.admin();
  const ends = uncommittedAdmin(options);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const clients = { admin, ends, producer };
  const connecting = Promise.all(Object.values(clients).map((client) => client.connect()));
  try {
    await withinDeadline(`connecting to ${topic}`, openDeadlineMs, connecting);
    return new KafkaEventLog(kafka, clients, { ...options, ...opened });
  } catch (error) {
    const leave = () => void disconnectAll(clients);
    // A client that is still knocking would get in later, with nobody left to close it.
    connecting.then(leave, leave);
    throw error;
  }
}

/** `ends` is told where the log ends also behind open transactions. */
type Clients = { readonly admin: Admin; readonly ends: Admin; readonly producer: Producer };

function disconnectAll(clients: Clients): Promise<unknown> {
  return Promise.allSettled(Object.values(clients).map((client) => client.disconnect()));
}

/** Through a client that gives up: whoever is refused leaves nothing behind that goes on knocking. */
async function findTopic(options: KafkaEventLogOptions, giveUpAfterMs: number) {
  const { topic, partitions, retentionMs = -1, replicas = -1 } = options;
  const admin = connectTo(options, 'log', giveUpAfterMs).admin();
  try {
    await admin.connect();
    const { clusterId } = await admin.describeCluster();
    const limits = await ensureTopic(admin, { topic, partitions, retentionMs, replicas });
    return { limits, identity: `${topic} of the Kafka cluster ${clusterId}` };
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** The log as a topic of Kafka. Any producer may write to the topic: only the JSON matters. */
export class KafkaEventLog implements EventLog {
  readonly partitions: number;
  /** Tells this log from any other. */
  readonly identity: string;
  readonly #kafka: Kafka;
  readonly #clients: Clients;
  readonly #options: OpenedOptions;
  readonly #watch: TopicWatch;
  readonly #queue: AppendQueue;
  readonly #bounds: BoundsAsker;
  readonly #written: BoundsAsker;
  readonly #prover: MarkProver;
  readonly #closing = new AbortController();
  readonly #readers = new Set<Promise<void>>();

  constructor(kafka: Kafka, clients: Clients, options: OpenedOptions) {
    const { admin, ends, producer } = clients;
    this.partitions = options.partitions;
    this.identity = options.identity;
    this.#kafka = kafka;
    this.#clients = clients;
    this.#options = options;
    const { topic, partitions, limits } = options;
    this.#watch = new TopicWatch(admin, topic, partitions, limits);
    this.#queue = new AppendQueue(
      (calls) => this.#send({ producer, topic, partitions }, calls),
      this.#appendDeadlineMs,
    );
    this.#bounds = new BoundsAsker(admin, topic, OFFSETS_DEADLINE_MS);
    this.#written = new BoundsAsker(ends, topic, OFFSETS_DEADLINE_MS);
    this.#prover = new MarkProver(admin, topic, this, () => this.#bounds.ask());
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    if (records.length === 0) return;
    const rowsByPartition: AppendRow[][] = Array.from({ length: this.partitions }, () => []);
    for (const { key, value } of records) {
      this.#refuseTooLarge(value);
      rowsByPartition[partitionOf(key, this.partitions)]?.push({ key, value, barrier: null });
    }
    await this.#queue.add({ rowsByPartition });
  }

  async appendBarriers(name: string): Promise<Offsets> {
    const barrier: AppendRow = { key: null, value: null, barrier: name };
    return this.#queue.add({ rowsByPartition: Array.from({ length: this.partitions }, () => [barrier]) });
  }

  async startOffsets(): Promise<Offsets> {
    return (await this.#bounds.ask()).starts;
  }

  async endOffsets(): Promise<Offsets> {
    return (await this.#bounds.ask()).ends;
  }

  async writtenEnds(): Promise<Offsets> {
    return (await this.#written.ask()).ends;
  }

  async *read(from: Offsets, { until, signal }: ReadOptions = {}): AsyncGenerator<LogBatch> {
    refuseWrongLength(from, this.partitions);
    if (until?.every((end, partition) => (from[partition] ?? 0) >= end)) return;
    const ending = new AbortController();
    const stop = AbortSignal.any([ending.signal, this.#closing.signal, ...(signal ? [signal] : [])]);
    const handover = new BatchHandover(from, until, stop);
    // A group of its own, for once: the client cannot be told which partitions to read.
    const group = `${this.#options.topic}.read.${randomUUID()}`;
    const reading = this.#follow(handover, { group, signal: stop, showsProgress: false }).then(
      () => handover.finish(),
      (error) => handover.fail(error),
    );
    try {
      for (;;) {
        const batch = await handover.next(LONGEST_SILENCE_MS);
        if (batch === 'silence') await this.#bounds.ask();
        else if (batch) yield batch;
        else return;
        if (signal?.aborted) return;
      }
    } finally {
      ending.abort();
      await reading;
      await this.#forget(group);
    }
  }

  async join(member: GroupMember, { group, signal }: GroupOptions): Promise<void> {
    const following = AbortSignal.any([signal, this.#closing.signal]);
    await this.#follow(member, { group: `${this.#options.topic}.${group}`, signal: following, showsProgress: true });
  }

  async prove(marks: readonly LogMark[]): Promise<void> {
    await this.#watch.look();
    await this.#prover.prove(marks);
  }

  doubt(): null {
    return null;
  }

  /** Answers what was appended before, ends every read, and leaves no connection. Idempotent. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    await Promise.race([this.#queue.close(), sleep(this.#appendDeadlineMs, undefined, { ref: false })]);
    this.#closing.abort();
    await Promise.all(this.#readers);
    await Promise.race([disconnectAll(this.#clients), sleep(OFFSETS_DEADLINE_MS, undefined, { ref: false })]);
  }

  /** A group that nobody will join again. The broker forgets it by itself in the end. */
  async #forget(group: string): Promise<void> {
    const forgetting = this.#clients.admin.deleteGroups([group]);
    await withinDeadline('forgetting a group', FORGET_DEADLINE_MS, forgetting).catch(() => {});
  }

  /** A topic that takes less than it did says so only now: then smaller portions are sent. */
  async #send(sending: Omit<Sending, 'maxBytes'>, calls: readonly AppendCall[]): Promise<readonly Offsets[]> {
    const maxBytes = this.#maxSentBytes;
    try {
      return await sendCalls({ ...sending, maxBytes }, calls);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      await this.#watch.look();
      if (this.#maxSentBytes >= maxBytes) throw error;
      return sendCalls({ ...sending, maxBytes: this.#maxSentBytes }, calls);
    }
  }

  get #maxSentBytes(): number {
    return Math.floor(this.#watch.maxBatchBytes * BATCH_FILL);
  }

  /** Nothing that waits beside it fails with it. */
  #refuseTooLarge({ length }: Uint8Array): void {
    const allowed = this.#maxSentBytes;
    if (length <= allowed) return;
    throw new TandemError(
      'too-large',
      `found a record of ${length} bytes; allowed are ${allowed} by max.message.bytes of the topic ${this.#options.topic}: make it smaller, or raise that setting`,
    );
  }

  get #appendDeadlineMs(): number {
    return this.#options.appendDeadlineMs ?? APPEND_DEADLINE_MS;
  }

  /** Until the signal is aborted or the member throws. Whoever closes the log waits for it. */
  async #follow(member: GroupMember, { group, signal, showsProgress }: FollowOptions): Promise<void> {
    const { topic, partitions, logger, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const session = {
      kafka: this.#kafka,
      topic,
      partitions,
      group,
      sessionTimeoutMs: sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: rebalanceTimeoutMs ?? REBALANCE_TIMEOUT_MS,
      showsProgress,
      bounds: () => this.#bounds.ask(),
      logger,
    };
    const following = followGroup(session, member, signal);
    const ended = following.catch(() => {});
    this.#readers.add(ended);
    await following.finally(() => this.#readers.delete(ended));
  }
}

type FollowOptions = GroupOptions & { readonly showsProgress: boolean };
