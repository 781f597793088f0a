import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, EachBatchPayload } from 'kafkajs';
import { messageOf, TandemError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { GroupMember, LogRecord } from '../../ports/event-log.js';
import { kafkaError } from './kafka-client.js';
import { type LogBounds, refuseOutOfLog } from './log-bounds.js';
import { type ConsumerOptions, heartbeatMsOf, makeConsumer } from './make-consumer.js';
import { Membership } from './membership.js';
import { markers, recordsFrom } from './records.js';
import { TurnKeeper } from './turn-keeper.js';
import { MISSING, unreadableError, unreadableOf } from './unreadable.js';

export type SessionOptions = ConsumerOptions & {
  readonly topic: string;
  /** Whether to tell the broker now and then how far the group is. For tools that show it: nothing here reads it. */
  readonly showsProgress: boolean;
  readonly bounds: () => Promise<LogBounds>;
  readonly logger: Logger | undefined;
};

/** What a member answers that wants nothing more of a partition. */
export const NOTHING_MORE = Number.POSITIVE_INFINITY;

/** A partition that is ours, and where it goes on; undefined while that is being asked for. New at every assignment. */
type Place = {
  readonly partition: number;
  next: number | undefined;
  /** When records were found there last that cannot be read; null while all could be. */
  blockedAt: number | null;
};

/** What a client says of a fetch that brought no record but marks, and what was given up. */
type OnlyMarks = { readonly partition: number; readonly firstOffset: string | null; readonly lastOffset: string };

const LONGEST_END_MS = 1_500;
/** How often a session compares its places with the log's bounds, and shows its progress. */
const TEND_MS = 3_000;
/** How often records are read again that could not be. */
const BLOCKED_MS = 5_000;

/**
 * One membership of a consumer group, from joining until the signal is aborted, the member throws, or the client gives
 * up. The broker decides who reads what; where to read is for the member to say, and never taken from committed offsets.
 */
export class GroupSession {
  readonly #options: SessionOptions;
  readonly #member: GroupMember;
  readonly #consumer: Consumer;
  readonly #places = new Map<number, Place>();
  readonly #turns = new TurnKeeper();
  readonly #heartbeatMs: number;
  #fail: (error: unknown) => void = () => {};
  #hasEnded = false;
  #isTending = false;

  constructor(options: SessionOptions, member: GroupMember) {
    this.#options = options;
    this.#member = member;
    this.#heartbeatMs = heartbeatMsOf(options);
    this.#consumer = makeConsumer(options);
  }

  /** Resolves when the signal is aborted. Throws what the member throws, and `unavailable` when the client gives up. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => {});
    const ending = new AbortController();
    const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort', { signal: ending.signal });
    aborted.catch(() => {});
    const tending = setInterval(() => void this.#tend(), TEND_MS);
    try {
      await Promise.race([this.#start(), failed, aborted]);
      await Promise.race([failed, aborted]);
    } catch (error) {
      throw kafkaError(error);
    } finally {
      ending.abort();
      clearInterval(tending);
      await this.#end();
    }
  }

  async #start(): Promise<void> {
    const { topic, partitions } = this.#options;
    this.#listen();
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic, fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: partitions,
      eachBatch: (payload) => this.#handle(payload),
    });
  }

  #listen(): void {
    const { GROUP_JOIN, FETCH_START, END_BATCH_PROCESS, CRASH } = this.#consumer.events;
    const { topic } = this.#options;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => this.#takePlaces(payload.memberAssignment[topic] ?? []));
    this.#consumer.on(FETCH_START, () => {
      // A client that was joining when its session ended does not notice: it would keep partitions that nobody reads.
      if (this.#hasEnded) void this.#consumer.disconnect().catch(() => {});
    });
    this.#consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      // A batch of marks alone is not shown to the handler below.
      if (payload.batchSize === 0) void this.#passMarkers(payload);
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      if (!payload.restart) this.#fail(payload.error);
    });
  }

  /** Resolves when none of the member's calls is under way. */
  async #end(): Promise<void> {
    this.#hasEnded = true;
    for (const partition of this.#places.keys()) this.#member.revoked(partition);
    this.#places.clear();
    // A broker that is away cannot be said goodbye to.
    const patience = sleep(LONGEST_END_MS, undefined, { ref: false });
    const gone = Promise.race([this.#consumer.disconnect().catch(() => {}), patience]);
    await Promise.all([gone, this.#turns.all()]);
  }

  /** Another member may have had any partition since the last time, so all are asked for anew. */
  #takePlaces(partitions: readonly number[]): void {
    if (this.#hasEnded) return;
    for (const partition of this.#places.keys()) {
      if (!partitions.includes(partition)) this.#member.revoked(partition);
    }
    this.#places.clear();
    this.#pause(partitions);
    for (const partition of partitions) {
      // Partitions that were added since are not part of the log.
      if (partition >= this.#options.partitions) continue;
      const place: Place = { partition, next: undefined, blockedAt: null };
      this.#places.set(partition, place);
      this.#turns.take(partition, () => this.#askWhere(place)).catch((error) => this.#fail(error));
    }
  }

  async #askWhere(place: Place): Promise<void> {
    if (!this.#isCurrent(place)) return;
    place.next = undefined;
    const next = await this.#member.assigned(place.partition);
    // A partition in which nothing is left would stay silent, whatever was lost.
    if (next !== NOTHING_MORE) await this.#refuseOutOfLog(place.partition, next);
    if (!this.#isCurrent(place)) return;
    this.#goTo(place, next);
    if (next !== NOTHING_MORE) this.#consumer.resume([this.#named(place.partition)]);
  }

  #goTo(place: Place, next: number): void {
    place.next = next;
    if (next === NOTHING_MORE) this.#pause([place.partition]);
    else this.#consumer.seek({ topic: this.#options.topic, partition: place.partition, offset: String(next) });
  }

  /** Nothing is fetched until it is known from where. */
  #pause(partitions: readonly number[]): void {
    for (const partition of partitions) this.#consumer.pause([this.#named(partition)]);
  }

  #named(partition: number) {
    return { topic: this.#options.topic, partitions: [partition] };
  }

  #isCurrent(place: Place): boolean {
    return this.#places.get(place.partition) === place;
  }

  async #handle(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat } = payload;
    const place = this.#places.get(batch.partition);
    if (!place) return;
    const membership = new Membership(heartbeat, this.#heartbeatMs);
    try {
      await this.#turns.take(batch.partition, () => this.#takeBatch(place, payload, membership));
    } catch (error) {
      // The broker's own errors are the client's to handle: it joins the group again.
      if (!(error instanceof TandemError)) throw error;
      this.#fail(error);
      return;
    } finally {
      membership.end();
    }
    await heartbeat();
  }

  async #takeBatch(place: Place, payload: EachBatchPayload, membership: Membership): Promise<void> {
    const { batch, resolveOffset, isRunning, isStale } = payload;
    const from = place.next;
    if (from === undefined || !isRunning() || isStale() || !this.#isCurrent(place)) return;
    const last = Number(batch.lastOffset());
    // What is missing between where a fetch began and its first record is marks; what it did not ask for is unknown.
    if (fetchedFrom(batch) > from || last < from) {
      await this.#refuseOutOfLog(place.partition, from);
      this.#goTo(place, from);
      return;
    }
    const broken = unreadableOf(batch);
    const end = broken ? Math.max(from, broken.from) : last + 1;
    const records = recordsFrom(batch.messages.slice(0, broken?.index), from, end);
    const next = records.length > 0 ? await this.#take(place, records, membership) : from;
    if (next === undefined || !this.#isCurrent(place)) return;
    if (!broken) place.blockedAt = null;
    if (next !== end) this.#goOnWhenReady(place, next);
    else if (broken) this.#goTo(place, next);
    else {
      place.next = next;
      resolveOffset(String(last));
    }
    if (broken && next === end) await this.#block(place, end, broken.reason);
  }

  /** The other partitions go on, and this one is tried again now and then. */
  async #block(place: Place, offset: number, reason: string): Promise<void> {
    const { topic, logger } = this.#options;
    const error = unreadableError(topic, place.partition, offset, reason);
    if (place.blockedAt === null) logger?.error(error.message);
    place.blockedAt = performance.now();
    this.#pause([place.partition]);
    await this.#member.blocked(place.partition, error);
  }

  #tryBlockedAgain(): void {
    for (const { partition, blockedAt } of this.#places.values()) {
      const isDue = blockedAt !== null && performance.now() - blockedAt >= BLOCKED_MS;
      if (isDue) this.#consumer.resume([this.#named(partition)]);
    }
  }

  /** Not by waiting: the client fetches nothing while a batch is in hand, of other partitions neither. */
  #goOnWhenReady(place: Place, next: number): void {
    this.#goTo(place, next);
    this.#pause([place.partition]);
    const resume = () => {
      if (this.#isCurrent(place) && place.next !== NOTHING_MORE) this.#consumer.resume([this.#named(place.partition)]);
    };
    Promise.resolve(this.#member.ready?.(place.partition)).then(resume, (error) => this.#fail(error));
  }

  /** Where the member wants to go on; undefined when it was fenced, and has been asked anew. */
  async #take(place: Place, records: readonly LogRecord[], membership: Membership): Promise<number | undefined> {
    try {
      return await this.#member.take({ partition: place.partition, records });
    } catch (error) {
      if (!(error instanceof TandemError && error.code === 'fenced')) throw error;
      // When the group has gone on without us, the partition is not ours to claim again.
      await membership.prove();
      await this.#askWhere(place);
      return undefined;
    }
  }

  async #passMarkers({ partition, firstOffset, lastOffset }: OnlyMarks): Promise<void> {
    const [place, last] = [this.#places.get(partition), Number(lastOffset)];
    if (!place) return;
    try {
      await this.#turns.take(partition, async () => {
        const from = place.next;
        if (from === undefined || last < from || !this.#isCurrent(place)) return;
        // After the client was sent back to the log's start, too, the first it finds may be marks.
        await this.#refuseOutOfLog(partition, from);
        // Of all that was sent nothing lies where it was asked for.
        if (firstOffset === null) {
          this.#goTo(place, from);
          return this.#block(place, from, MISSING);
        }
        if (Number(firstOffset) > from) return this.#goTo(place, from);
        place.blockedAt = null;
        const next = await this.#member.take({ partition, records: markers(from, last + 1) });
        if (!this.#isCurrent(place)) return;
        if (next === last + 1) place.next = next;
        else this.#goOnWhenReady(place, next);
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  async #refuseOutOfLog(partition: number, wanted: number): Promise<void> {
    refuseOutOfLog(this.#options.topic, await this.#options.bounds(), partition, wanted);
  }

  /** A partition whose records were all taken away is silent, so somebody has to look. */
  async #tend(): Promise<void> {
    if (this.#isTending) return;
    this.#isTending = true;
    this.#tryBlockedAgain();
    try {
      const before = this.#progress();
      const bounds = await this.#options.bounds();
      const now = new Map(this.#progress());
      for (const [partition, next] of before) {
        // Only what did not move meanwhile can be compared with what the broker said.
        if (now.get(partition) === next) refuseOutOfLog(this.#options.topic, bounds, partition, next);
      }
      if (this.#options.showsProgress) await this.#showProgress();
    } catch (error) {
      if (error instanceof TandemError && error.code === 'corrupt') this.#fail(error);
      else this.#options.logger?.debug({ reason: messageOf(error) }, 'kafka: the group was not tended');
    } finally {
      this.#isTending = false;
    }
  }

  /** Never from within a batch: there, an error of a rebalance would end the client for good. */
  async #showProgress(): Promise<void> {
    const { topic } = this.#options;
    const offsets = this.#progress().map(([partition, next]) => ({ topic, partition, offset: String(next) }));
    if (offsets.length > 0) await this.#consumer.commitOffsets(offsets);
  }

  #progress(): readonly (readonly [partition: number, next: number])[] {
    return [...this.#places.values()].flatMap(({ partition, next }) =>
      next === undefined || next === NOTHING_MORE ? [] : [[partition, next] as const],
    );
  }
}

/** The offset that the client asked for; its types do not tell. */
function fetchedFrom(batch: Batch): number {
  return Number((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset);
}
