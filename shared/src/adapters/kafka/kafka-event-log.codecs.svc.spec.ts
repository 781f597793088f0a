import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TandemError } from '../../errors.js';
import type { EventLog, GroupMember, LogBatch } from '../../ports/event-log.js';
import { createTestTopic, type TestTopic } from './testing/test-topic.js';

const PARTITIONS = 2;
const MEBIBYTE = 1024 * 1024;
const HOW_IT_COMES = { 'compression.type': 'producer', 'max.message.bytes': String(16 * MEBIBYTE) };

const values = (count: number, of = '') => Array.from({ length: count }, (_, index) => `${of}${index}`);
const asMessages = (texts: readonly string[]) => texts.map((value) => ({ value }));
/** Letters in no order, so that packing makes them no shorter by much. */
const disorder = (bytes: number) => {
  const letters = Buffer.alloc(bytes);
  for (let [at, state] = [0, 1]; at < bytes; at++) {
    state = (state * 48_271) % 2_147_483_647;
    letters[at] = 32 + (state % 90);
  }
  return letters.toString();
};

/** A member that begins where it is told, and notes what it is given. */
class NotingMember implements GroupMember {
  readonly taken: string[][] = [[], []];
  readonly blocks: TandemError[] = [];
  readonly ended: Promise<unknown>;
  readonly #begin: readonly number[];
  readonly #leaving = new AbortController();

  constructor(log: EventLog, begin: readonly number[]) {
    this.#begin = begin;
    this.ended = log.join(this, { group: 'noting', signal: this.#leaving.signal }).catch((error) => error);
  }

  async assigned(partition: number): Promise<number> {
    return this.#begin[partition] ?? 0;
  }

  async take({ partition, records }: LogBatch): Promise<number> {
    this.taken[partition]?.push(...records.map(({ value }) => String(value)));
    return (records.at(-1)?.offset ?? 0) + 1;
  }

  revoked(): void {}

  async blocked(_partition: number, error: TandemError): Promise<void> {
    this.blocks.push(error);
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.ended;
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function readAll(log: EventLog): Promise<string[][]> {
  const read: string[][] = [[], []];
  for await (const { partition, records } of log.read([0, 0], { until: await log.endOffsets() })) {
    read[partition]?.push(...records.map(({ value }) => String(value)));
  }
  return read;
}

describe('the log in a Kafka topic that others have packed', () => {
  let topic: TestTopic;
  beforeEach(async () => {
    topic = await createTestTopic(PARTITIONS);
  });
  afterEach(() => topic.drop());

  // The broker packs with the classes of the Java client.
  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('is read when its records are packed by %s', async (codec) => {
    await topic.make({ ...HOW_IT_COMES, 'compression.type': codec });
    const log = await topic.open();
    const written = [
      ['one'],
      values(2_000, 'so that several blocks are needed, and much is alike in all of them: '),
      [disorder(200_000), '', disorder(70_000)],
    ];
    for (const texts of written) await topic.appendForeign(1, asMessages(texts));
    const [empty, read] = await readAll(log);
    expect(empty).toEqual([]);
    expect(read?.map((text) => text.length)).toEqual(written.flat().map((text) => text.length));
    expect(read).toEqual(written.flat());
  });

  describe('so that one batch cannot be unpacked', () => {
    const REFUSAL =
      /^partition 0 of .*: found records from offset 3 on that cannot be read: .*\. Nothing behind them is counted, and no run is published/;
    let log: EventLog;
    beforeEach(async () => {
      await topic.make(HOW_IT_COMES);
      log = await topic.open();
      await topic.appendForeign(0, asMessages(values(3)));
      await topic.appendUnreadable(0, asMessages(values(130)));
      await topic.appendForeign(0, asMessages(values(3)));
      await topic.appendForeign(1, asMessages(values(3)));
    });

    it('tells a reader where and why, after what lies before it', async () => {
      const read: string[] = [];
      const reading = async () => {
        for await (const { partition, records } of log.read([0, 0], { until: [136, 0] })) {
          if (partition === 0) read.push(...records.map(({ value }) => String(value)));
        }
      };
      await expect(reading()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringMatching(REFUSAL) });
      expect(read).toEqual(['0', '1', '2']);
    });

    it('tells also a reader that begins in its midst', async () => {
      const reading = async () => {
        for await (const { records } of log.read([70, 3], { until: [136, 3] })) {
          throw new Error(`delivered ${records[0]?.offset}`);
        }
      };
      await expect(reading()).rejects.toMatchObject({ code: 'corrupt', facts: { partition: 0, offset: 70 } });
    });

    it('stops that partition for a member and no other one, and goes on behind it', async () => {
      const member = new NotingMember(log, [0, 0]);
      await until(() => member.blocks.length > 1);
      await topic.appendForeign(1, asMessages(['more']));
      await until(() => member.taken[1]?.length === 4);
      expect(member.blocks[0]).toMatchObject({ code: 'corrupt', message: expect.stringMatching(REFUSAL) });
      expect(member.taken).toEqual([
        ['0', '1', '2'],
        ['0', '1', '2', 'more'],
      ]);
      // As somebody does who can do without what is packed there.
      await topic.keepFrom(0, 133);
      expect(await member.ended).toMatchObject({ code: 'corrupt', facts: { partition: 0, wanted: 3, start: 133 } });
      const next = new NotingMember(log, [133, 4]);
      await until(() => next.taken[0]?.length === 3);
      expect(next.blocks).toEqual([]);
      await next.leave();
    });
  });
});

describe('the log in a Kafka topic that was compacted', () => {
  const QUICKLY = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01', 'segment.ms': '100' };
  let topic: TestTopic;
  beforeEach(async () => {
    topic = await createTestTopic(PARTITIONS);
  });
  afterEach(() => topic.drop());

  /** Appends records of one key until all but the last ones of it are gone from the beginning. */
  async function compact(log: EventLog): Promise<void> {
    await topic.change(QUICKLY);
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
      await topic.appendForeign(0, [{ key: 'one', value: 'again' }]);
      const [first] = await readRaw(topic);
      if (first !== 0) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`nothing was compacted in ${await log.endOffsets()}`);
  }

  it('says where records are missing, instead of taking them for marks', async () => {
    const log = await topic.open();
    for (let batch = 0; batch < 3; batch++) {
      await topic.appendForeign(
        0,
        values(3, String(batch)).map((value) => ({ key: 'one', value })),
      );
    }
    expect((await readAll(log))[0]).toHaveLength(9);
    await compact(log);
    await expect(readAll(log)).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(
        /partition 0 of .*: found records from offset 0 on that cannot be read: there is no record/,
      ),
      facts: { partition: 0, offset: 0 },
    });
  }, 90_000);
});

/** The offsets of what is left in partition 0, as a client without our checks sees them. */
async function readRaw({ kafka, topic, admin }: TestTopic): Promise<readonly number[]> {
  const end = Number((await admin.fetchTopicOffsets(topic)).find(({ partition }) => partition === 0)?.high);
  const consumer = kafka.consumer({ groupId: `raw-${Math.random()}`, maxWaitTimeInMs: 100 });
  await consumer.subscribe({ topic, fromBeginning: true });
  const offsets: number[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ partition, message }) => {
        if (partition !== 0) return;
        offsets.push(Number(message.offset));
        if (Number(message.offset) === end - 1) resolve();
      },
    });
  });
  await consumer.disconnect();
  return offsets;
}
