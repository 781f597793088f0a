import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TandemError } from '../../errors.js';
import { isControl } from '../../events/decode-record.js';
import { barrierMarks, type LogMark } from '../../log-mark.js';
import type { EventLog, GroupMember, LogBatch, LogRecord } from '../../ports/event-log.js';
import { createTestTopic, type TestTopic } from './testing/test-topic.js';

const PARTITIONS = 2;
const SESSION_TIMEOUT_MS = 1_500;

const values = (count: number) => Array.from({ length: count }, (_, index) => ({ value: `${index}` }));

async function readAll(log: EventLog, end?: readonly number[]): Promise<LogRecord[][]> {
  const read: LogRecord[][] = [[], []];
  for await (const { partition, records } of log.read([0, 0], { until: end ?? (await log.endOffsets()) })) {
    read[partition]?.push(...records);
  }
  return read;
}

/** Members of one group and what they share: as a view that every write is checked against. */
class SharedPlaces {
  readonly taken: number[][] = [[], []];
  readonly owners: (Member | undefined)[] = [undefined, undefined];
  readonly unfenced: string[] = [];
}

class Member implements GroupMember {
  readonly assignments: number[] = [];
  readonly owned = new Set<number>();
  /** Resolves when a frozen `take` may go on. */
  frozen: Promise<void> | undefined;
  isTaking = false;
  readonly #places: SharedPlaces;
  readonly #leaving = new AbortController();
  readonly ended: Promise<void>;

  constructor(places: SharedPlaces, log: EventLog) {
    this.#places = places;
    this.ended = log.join(this, { group: 'sharing', signal: this.#leaving.signal });
    this.ended.catch(() => {});
  }

  async assigned(partition: number): Promise<number> {
    this.assignments.push(partition);
    this.owned.add(partition);
    this.#places.owners[partition] = this;
    return this.#places.taken[partition]?.length ?? 0;
  }

  async take({ partition, records }: LogBatch): Promise<number> {
    this.isTaking = true;
    await this.frozen;
    if (this.#places.owners[partition] !== this) throw new TandemError('fenced', 'another has claimed it');
    this.#places.taken[partition]?.push(...records.map(({ offset }) => offset));
    return (records.at(-1)?.offset ?? 0) + 1;
  }

  revoked(partition: number): void {
    this.owned.delete(partition);
  }

  async blocked(_partition: number, error: TandemError): Promise<void> {
    throw error;
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.ended;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('the log in a Kafka topic', () => {
  let topic: TestTopic;
  beforeEach(async () => {
    topic = await createTestTopic(PARTITIONS);
  });
  afterEach(() => topic.drop());

  describe('when it is opened', () => {
    it('refuses a topic with another number of partitions, and says how many there are', async () => {
      await topic.open();
      await expect(topic.open({ partitions: 3 })).rejects.toMatchObject({
        code: 'configuration-invalid',
        message: expect.stringContaining('has 2 partitions'),
      });
    });

    it('refuses a topic that is compacted', async () => {
      await topic.make({ 'cleanup.policy': 'compact' });
      await expect(topic.open()).rejects.toMatchObject({ code: 'configuration-invalid' });
    });

    it('is unavailable within a deadline when no broker is there', async () => {
      await expect(topic.open({ brokers: ['127.0.0.1:1'], openDeadlineMs: 500 })).rejects.toMatchObject({
        code: 'unavailable',
      });
    });
  });

  describe('when appended to', () => {
    it('refuses a record that the broker would not take, and appends what waits beside it', async () => {
      const log = await topic.open();
      const refused = log.append([{ key: 'k', value: Buffer.alloc(16 * 1024 * 1024) }]);
      const taken = log.append([{ key: 'k', value: Buffer.from('fine') }]);
      await expect(refused).rejects.toMatchObject({ code: 'too-large' });
      await taken;
      expect((await readAll(log)).flat().map(({ value }) => String(value))).toEqual(['fine']);
    });
  });

  describe('when others write to it', () => {
    it('delivers records with and without a key, a value or headers', async () => {
      const log = await topic.open();
      await topic.appendForeign(0, [
        { key: 'k', value: 'a' },
        { value: 'b', headers: { trace: '7' } },
        { key: 'k', value: null },
      ]);
      const [read] = await readAll(log);
      expect(read?.map(({ value, barrier, isMarker }) => [value && String(value), barrier, isMarker])).toEqual([
        ['a', null, undefined],
        ['b', null, undefined],
        [null, null, undefined],
      ]);
    });

    it('has a barrier only where the header comes once with a text and there is no value', async () => {
      const log = await topic.open();
      await topic.appendForeign(0, [
        { value: null, headers: { 'tandem-barrier': 'run-1' } },
        { value: 'a', headers: { 'tandem-barrier': 'run-1' } },
        { value: null, headers: { 'tandem-barrier': ['run-1', 'run-2'] } },
        { value: null, headers: { 'tandem-barrier': '' } },
      ]);
      const [read] = await readAll(log);
      expect(read?.map(isControl)).toEqual([true, false, false, false]);
    });

    /** Two records each. Their marks may come a moment after the broker has answered. */
    const writeTransactions = async (...ends: readonly ('abort' | 'commit')[]) => {
      const writer = topic.kafka.producer({ transactionalId: topic.topic, maxInFlightRequests: 1, idempotent: true });
      await writer.connect();
      for (const end of ends) {
        const transaction = await writer.transaction();
        await transaction.send({ topic: topic.topic, messages: [1, 2].map(() => ({ partition: 0, value: end })) });
        await transaction[end]();
      }
      await writer.disconnect();
    };

    it('has markers where transactions left offsets without an event, and reads past them at the end', async () => {
      const log = await topic.open();
      await writeTransactions('abort', 'commit', 'abort');
      const [read] = await readAll(log, [9, 0]);
      expect(read?.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      expect(read?.map(({ value, isMarker }) => (isMarker ? null : String(value)))).toEqual([
        ...[null, null, null],
        ...['commit', 'commit', null],
        ...[null, null, null],
      ]);
    });

    it('ends behind what is written in an open transaction, and can be read no further than to its beginning', async () => {
      const log = await topic.open();
      const writer = topic.kafka.producer({ transactionalId: topic.topic, maxInFlightRequests: 1, idempotent: true });
      await writer.connect();
      await topic.appendForeign(0, values(2));
      const transaction = await writer.transaction();
      await transaction.send({ topic: topic.topic, messages: values(3).map((one) => ({ ...one, partition: 0 })) });
      await topic.appendForeign(0, values(4));
      const [, mark] = barrierMarks('run-1', await log.appendBarriers('run-1'));
      const [behind] = barrierMarks('run-1', [9, 0]);
      expect([await log.endOffsets(), await log.writtenEnds()]).toEqual([
        [2, 1],
        [10, 1],
      ]);
      // What lies behind it is no sign of another log.
      const proving = log.prove([behind as LogMark, mark as LogMark]);
      await expect(proving).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^partition 0 of .* can be read to offset 2 and not yet to 9: .* transaction/),
      });
      await expect(log.prove(barrierMarks('run-1', [10, 0]))).rejects.toMatchObject({ code: 'corrupt' });
      await transaction.abort();
      await writer.disconnect();
      while ((await log.endOffsets())[0] !== 11) await new Promise((resolve) => setTimeout(resolve, 20));
      await log.prove([behind as LogMark, mark as LogMark]);
      expect(await log.writtenEnds()).toEqual([11, 1]);
    });

    it('reads past markers that are all there is', async () => {
      const log = await topic.open();
      await writeTransactions('abort');
      const [read] = await readAll(log, [3, 0]);
      expect(read?.map(({ offset, isMarker }) => [offset, isMarker])).toEqual(
        [0, 1, 2].map((offset) => [offset, true]),
      );
    });
  });

  describe('when retention has taken records away', () => {
    const isCorrupt = { code: 'corrupt', facts: { partition: 0, wanted: 5, start: 10 } };
    const member = (begin: number): GroupMember => ({
      assigned: async (partition) => (partition === 0 ? begin : 0),
      take: async ({ records }) => (records.at(-1)?.offset ?? 0) + 1,
      revoked: () => {},
      blocked: async () => {},
    });

    it.each([
      ['some are left', 20],
      ['none is left', 10],
    ])('says so to a reader and to a member when %s', async (_, appended) => {
      const log = await topic.open();
      await topic.appendForeign(0, values(appended));
      await topic.keepFrom(0, 10);
      expect(await log.startOffsets()).toEqual([10, 0]);
      const reading = async () => {
        for await (const batch of log.read([5, 0])) throw new Error(`delivered ${batch.records[0]?.offset}`);
      };
      await expect(reading()).rejects.toMatchObject(isCorrupt);
      const joining = log.join(member(5), { group: 'late', signal: new AbortController().signal });
      await expect(joining).rejects.toMatchObject(isCorrupt);
    });

    it.each([
      ['some are left', 8],
      ['none is left', 10],
    ])('says so to a member that was overtaken while it worked when %s', async (_, kept) => {
      const log = await topic.open();
      await topic.appendForeign(0, values(5));
      const overtaken: GroupMember = {
        assigned: async () => 0,
        take: async ({ records }) => {
          await topic.appendForeign(0, values(5));
          await topic.keepFrom(0, kept);
          return (records.at(-1)?.offset ?? 0) + 1;
        },
        revoked: () => {},
        blocked: async () => {},
      };
      const joining = log.join(overtaken, { group: 'slow', signal: new AbortController().signal });
      await expect(joining).rejects.toMatchObject({ code: 'corrupt', facts: { partition: 0, wanted: 5, start: kept } });
    });

    it('says so when the log ends before what was read: it was made anew', async () => {
      const log = await topic.open();
      await topic.appendForeign(0, values(3));
      const reading = async () => {
        for await (const _ of log.read([5, 0])) return;
      };
      await expect(reading()).rejects.toMatchObject({ code: 'corrupt', facts: { wanted: 5, end: 3 } });
    });
  });

  describe('when members share it', () => {
    const options = { sessionTimeoutMs: SESSION_TIMEOUT_MS, rebalanceTimeoutMs: SESSION_TIMEOUT_MS };
    const offsets = (count: number) => Array.from({ length: count }, (_, index) => index);

    async function append(count: number): Promise<void> {
      await Promise.all([topic.appendForeign(0, values(count)), topic.appendForeign(1, values(count))]);
    }

    it('gives each a part, and all to the one that stays, every record once', async () => {
      const places = new SharedPlaces();
      const one = new Member(places, await topic.open(options));
      await append(50);
      await until(() => places.taken.flat().length === 100);
      const two = new Member(places, await topic.open(options));
      await until(() => one.owned.size === 1 && two.owned.size === 1);
      await append(50);
      await until(() => places.taken.flat().length === 200);
      await one.leave();
      await append(50);
      await until(() => places.taken.flat().length === 300);
      await two.leave();
      expect(places.taken).toEqual([offsets(150), offsets(150)]);
    });

    it('lets no member that was frozen take a partition back from its successor', async () => {
      const places = new SharedPlaces();
      const frozen = new Member(places, await topic.open(options));
      await until(() => frozen.owned.size === 2);
      let thaw = () => {};
      frozen.frozen = new Promise((resolve) => {
        thaw = resolve;
      });
      await append(20);
      await until(() => frozen.isTaking);
      // The broker waits for the frozen one no longer than the rebalance may take.
      const successor = new Member(places, await topic.open(options));
      await until(() => successor.owned.size === 2);
      await until(() => places.taken.flat().length === 40);
      const claimed = successor.assignments.length;
      thaw();
      await until(() => frozen.owned.size + successor.owned.size === 2 && frozen.owned.size === 1);
      await append(20);
      await until(() => places.taken.flat().length === 80);
      await Promise.all([frozen.leave(), successor.leave()]);
      expect(places.taken).toEqual([offsets(40), offsets(40)]);
      expect(successor.assignments.length - claimed).toBeLessThanOrEqual(2);
    });

    it('shows tools how far a group is', async () => {
      const places = new SharedPlaces();
      const member = new Member(places, await topic.open(options));
      await append(10);
      const shown = async () => {
        const [found] = await topic.admin.fetchOffsets({ groupId: `${topic.topic}.sharing`, topics: [topic.topic] });
        return found?.partitions.every(({ offset }) => offset === '10');
      };
      while (!(await shown())) await new Promise((resolve) => setTimeout(resolve, 100));
      await member.leave();
    });
  });
});
