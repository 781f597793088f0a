import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TandemError } from '../errors.js';
import { barrierMarks, digestOf, type LogMark } from '../log-mark.js';
import { type Offsets, zeroOffsets } from '../offsets.js';
import { partitionOf } from '../partition-of.js';
import type { EventLog, GroupMember, LogBatch, LogRecord, NewRecord, ReadOptions } from '../ports/event-log.js';

/** A new, empty log of 4 partitions. */
export type EventLogSubject = {
  /** Opens the same log once more, as another process would. */
  open(): Promise<EventLog>;
  /** Appends what another program might have. */
  appendForeign(partition: number, values: readonly (Uint8Array | null)[]): Promise<void>;
  /** Closes all that was opened, and fails if something was left open. */
  close(): Promise<void>;
};

const PARTITIONS = 4;
const START = zeroOffsets(PARTITIONS);
const MEBIBYTE = 1024 * 1024;

/** What every adapter of EventLog must do. */
export function describeEventLog(name: string, createSubject: () => Promise<EventLogSubject>): void {
  describe(`${name}, as an event log,`, () => {
    let subject: EventLogSubject;
    let log: EventLog;
    beforeEach(async () => {
      subject = await createSubject();
      log = await subject.open();
    });
    afterEach(() => subject.close());

    describe('when appended to', () => {
      it('keeps the bytes, and the order of the records of one call and one partition', async () => {
        const records = Array.from({ length: 500 }, (_, index) => recordOf(`key-${index % 7}`, `value ${index}`));
        await log.append(records);
        for (const [partition, read] of (await readAll(log)).entries()) {
          const expected = records.filter(({ key }) => partitionOf(key, PARTITIONS) === partition);
          expect(read.map(({ value }) => textOf(value))).toEqual(expected.map(({ value }) => textOf(value)));
        }
      });

      it('keeps the order of calls that are not awaited one by one', async () => {
        await Promise.all(Array.from({ length: 300 }, (_, index) => log.append([recordOf('one key', `${index}`)])));
        const read = (await readAll(log))[partitionOf('one key', PARTITIONS)] ?? [];
        expect(read.map(({ value }) => Number(textOf(value)))).toEqual(
          Array.from({ length: 300 }, (_, index) => index),
        );
      });

      it('gives offsets from 0 without gaps and tells the exclusive end', async () => {
        expect(await log.endOffsets()).toEqual(START);
        expect(await log.startOffsets()).toEqual(START);
        await log.append(manyRecords(200));
        const read = await readAll(log);
        expect(await log.endOffsets()).toEqual(read.map(({ length }) => length));
        expect(await log.writtenEnds()).toEqual(read.map(({ length }) => length));
        expect(read.flat()).toHaveLength(200);
        expectConsecutive(read);
      });

      it('takes a call without records', async () => {
        await log.append([]);
        expect(await log.endOffsets()).toEqual(START);
      });

      it('keeps any key and any bytes: empty, not UTF-8, with zeros, of one mebibyte', async () => {
        const large = Buffer.alloc(MEBIBYTE, 'x');
        const values = [Buffer.alloc(0), Buffer.from([0xff, 0x00, 0xfe]), Buffer.from('\\N\t\n"'), large];
        await log.append(values.map((value) => ({ key: '\u{1f381} "quoted"\t\\', value })));
        const read = (await readAll(log)).flat();
        expect(
          read.map(({ value }) =>
            Buffer.from(value ?? []).equals(values[read.findIndex((r) => r.value === value)] ?? large),
          ),
        ).toEqual([true, true, true, true]);
      });

      it('refuses appends and barriers as unavailable once it is closed', async () => {
        const closed = await subject.open();
        await closed.close();
        await expect(closed.append([recordOf('key', 'value')])).rejects.toMatchObject({ code: 'unavailable' });
        await expect(closed.appendBarriers('run-1')).rejects.toMatchObject({ code: 'unavailable' });
      });
    });

    describe('when barriers are appended', () => {
      it('puts one into every partition and returns where they lie', async () => {
        await log.append(manyRecords(50));
        const before = await log.endOffsets();
        const boundary = await log.appendBarriers('run-7');
        await log.append(manyRecords(50));
        expect(boundary).toEqual(before);
        const read = await readAll(log);
        expect(read.map((records) => records.filter(({ barrier }) => barrier !== null))).toEqual(
          boundary.map((offset) => [expect.objectContaining({ offset, value: null, barrier: 'run-7' })]),
        );
      });

      it('returns where they lie also among records that are appended at the same time', async () => {
        const rounds = [1, 2, 3].map(async (round) => {
          const appending = manyRecords(50).map((record) => log.append([record]));
          const boundary = await log.appendBarriers(`run-${round}`);
          await Promise.all(appending);
          return boundary;
        });
        const boundaries = await Promise.all(rounds);
        for (const [partition, records] of (await readAll(log)).entries()) {
          const found = records.flatMap(({ barrier, offset }) => (barrier === null ? [] : [[barrier, offset]]));
          expect(found).toEqual(boundaries.map((boundary, index) => [`run-${index + 1}`, boundary[partition]]));
        }
      });

      it('leaves below the boundary all that was acknowledged before, and above it all that is appended after', async () => {
        const other = await subject.open();
        let isOver = false;
        const noise = [log, other].map(async (writer, number) => {
          for (let index = 0; !isOver; index++) await writer.append([recordOf(`noise-${number}-${index}`, 'noise')]);
        });
        for (let round = 0; round < 10; round++) {
          await log.append([recordOf('watched', `before ${round}`)]);
          await other.appendBarriers(`round ${round}`);
          await log.append([recordOf('watched', `after ${round}`)]);
        }
        isOver = true;
        await Promise.all(noise);
        const records = (await readAll(log))[partitionOf('watched', PARTITIONS)] ?? [];
        const seen = records.map(({ barrier, value }) => barrier ?? textOf(value)).filter((text) => text !== 'noise');
        expect(seen).toEqual(
          Array.from({ length: 10 }, (_, round) => [`before ${round}`, `round ${round}`, `after ${round}`]).flat(),
        );
      });
    });

    describe('when read', () => {
      it('delivers from an inclusive offset up to an exclusive one, and ends', async () => {
        await log.append(manyRecords(400));
        const [from, until] = [
          [10, 20, 30, 0],
          [60, 70, 30, 1],
        ];
        const read = await readAll(log, { from, until });
        expect(read.map((records) => records.map(({ offset }) => offset))).toEqual(
          from.map((start, partition) =>
            Array.from({ length: (until[partition] ?? 0) - start }, (_, index) => start + index),
          ),
        );
      });

      it('ends at once when there is nothing below the bound', async () => {
        await log.append(manyRecords(10));
        expect(await readAll(log, { from: await log.endOffsets(), until: START })).toEqual([[], [], [], []]);
      });

      it('waits for records that a bound announces', async () => {
        const reading = readAll(log, { until: [1, 1, 1, 1] });
        await log.appendBarriers('run-1');
        expect((await reading).flat()).toHaveLength(PARTITIONS);
      });

      it('refuses another number of offsets than there are partitions', async () => {
        const read = async () => {
          for await (const _ of log.read([0, 0])) return;
        };
        await expect(read()).rejects.toMatchObject({ code: 'request-invalid' });
      });

      it('delivers records of others without a value, with any bytes, or of 10 MB', async () => {
        const huge = Buffer.alloc(10 * MEBIBYTE, 'y');
        await subject.appendForeign(2, [null, Buffer.from([0xc3, 0x28]), huge, null, Buffer.from('{}')]);
        const read = (await readAll(log))[2] ?? [];
        expect(read.map(({ value }) => value?.length ?? null)).toEqual([null, 2, huge.length, null, 2]);
        expect(Buffer.from(read[2]?.value ?? []).equals(huge)).toBe(true);
      });

      it('lets no partition starve behind a long one', async () => {
        await subject.appendForeign(
          0,
          // Several times what a log may read of one partition at once.
          Array.from({ length: 60_000 }, () => Buffer.alloc(200, 'l')),
        );
        await subject.appendForeign(3, [Buffer.from('short')]);
        let before = 0;
        for await (const { partition, records } of log.read(START, { until: await log.endOffsets() })) {
          if (partition === 3) break;
          before += records.length;
        }
        expect(before).toBeLessThan(30_000);
      });

      it('delivers everything to a slow consumer, in order', async () => {
        await subject.appendForeign(
          1,
          Array.from({ length: 30_000 }, (_, index) => Buffer.from(`${index}`)),
        );
        const read: LogRecord[] = [];
        for await (const { records } of log.read(START, { until: await log.endOffsets() })) {
          read.push(...records);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        expect(read.map(({ value }) => Number(textOf(value)))).toEqual(
          Array.from({ length: 30_000 }, (_, index) => index),
        );
      });
    });

    describe('when compared with records that it must hold', () => {
      it('is the same log while it holds them: barriers and events, first and last', async () => {
        await log.append(manyRecords(40));
        const marks = barrierMarks('run-7', await log.appendBarriers('run-7'));
        const written = (await readAll(log)).map((records) => records.filter(({ barrier }) => barrier === null));
        const events = written.flatMap((records, partition) =>
          [records.at(0), records.at(-1)].flatMap((record) => (record ? [markOf(partition, record)] : [])),
        );
        expect(events.length).toBeGreaterThan(PARTITIONS);
        await log.prove([...marks, ...events]);
        await log.append(manyRecords(40));
        await log.prove([...marks, ...events]);
        expect(log.doubt()).toBeNull();
      });

      it.each([
        ['another record is there', (end: number) => ({ offset: end - 1, digest: '0'.repeat(24) })],
        ['it ends below', (end: number) => ({ offset: end + 5, digest: '0'.repeat(24) })],
        ['it ends just there', (end: number) => ({ offset: end, digest: '0'.repeat(24) })],
      ])('is another one when %s', async (_what, wrong) => {
        await log.append(manyRecords(40));
        const [end = 0] = await log.appendBarriers('run-7');
        await expect(log.prove([{ partition: 0, ...wrong(end + 1) }])).rejects.toMatchObject({
          code: 'corrupt',
          message: expect.stringContaining('partition 0 of the log'),
        });
      });

      it('is another one when the barrier there has another name', async () => {
        const offsets = await log.appendBarriers('run-7');
        await log.prove(barrierMarks('run-7', offsets));
        await expect(log.prove(barrierMarks('run-8', offsets))).rejects.toMatchObject({ code: 'corrupt' });
      });
    });

    describe('when joined', () => {
      it('asks the only member for every partition, reads from where it says, and ends when the signal is raised', async () => {
        await log.append(manyRecords(100));
        const ends = await log.endOffsets();
        const member = new RecordingMember((partition) => Math.min(3, ends[partition] ?? 0));
        const joined = member.join(log);
        await member.until(
          () => member.taken.flat().length === ends.reduce((sum, end) => sum + Math.max(0, end - 3), 0),
        );
        await joined.leave();
        expect([...member.assignments].sort()).toEqual([0, 1, 2, 3]);
        for (const [partition, offsets] of member.taken.entries()) {
          expect(offsets).toEqual(
            Array.from({ length: Math.max(0, (ends[partition] ?? 0) - 3) }, (_, index) => index + 3),
          );
        }
      });

      it('asks for partitions in which there is nothing to read yet', async () => {
        const member = new RecordingMember(() => 0);
        const joined = member.join(log);
        await member.until(() => member.assignments.length === 4);
        await log.append([recordOf('key', 'later')]);
        await member.until(() => member.taken.flat().length === 1);
        await joined.leave();
      });

      it('goes on where the member says', async () => {
        await subject.appendForeign(
          0,
          [1, 2, 3].map((number) => Buffer.from(`${number}`)),
        );
        let isFirst = true;
        const member = new RecordingMember(
          () => 0,
          (next) => {
            const again = isFirst;
            isFirst = false;
            return again ? 1 : next;
          },
        );
        const joined = member.join(log);
        await member.until(() => (member.taken[0]?.length ?? 0) >= 5);
        await joined.leave();
        expect(member.taken[0]).toEqual([0, 1, 2, 1, 2]);
      });

      it('asks again where to begin after the member was fenced, and repeats nothing else', async () => {
        await subject.appendForeign(
          0,
          [1, 2].map((number) => Buffer.from(`${number}`)),
        );
        const member = new RecordingMember((partition) => member.taken[partition]?.length ?? 0);
        member.fences = 1;
        const joined = member.join(log);
        await member.until(() => (member.taken[0]?.length ?? 0) === 2);
        await joined.leave();
        expect(member.assignments.filter((partition) => partition === 0)).toHaveLength(2);
      });

      it('delivers nothing of a partition that waits until it is ready, and all of the others meanwhile', async () => {
        const count = 12_000;
        for (const partition of [0, 3]) {
          await subject.appendForeign(
            partition,
            Array.from({ length: count }, (_, index) => Buffer.from(`${index}`)),
          );
        }
        const member = new WaitingMember(() => (member.taken[3]?.length ?? 0) === count);
        const joined = member.join(log);
        await member.until(() => (member.taken[0]?.length ?? 0) >= count);
        await joined.leave();
        expect(member.refused).toEqual([0]);
        expect(member.taken[0]).toEqual(Array.from({ length: count }, (_, offset) => offset));
      }, 30_000);

      it('throws what the member throws', async () => {
        await subject.appendForeign(0, [Buffer.from('1')]);
        const member = new RecordingMember(
          () => 0,
          () => {
            throw new TandemError('corrupt', 'found a record that cannot be');
          },
        );
        const joined = member.join(log);
        await expect(joined.ended).rejects.toMatchObject({ code: 'corrupt', message: 'found a record that cannot be' });
      });
    });

    describe('when followed', () => {
      it('delivers what is there and what is appended later, by whomever', async () => {
        await log.append([recordOf('key', 'early')]);
        const other = await subject.open();
        const follower = follow(log);
        await follower.until(1);
        await other.append([recordOf('key', 'late')]);
        await follower.until(2);
        await log.append([recordOf('key', 'later')]);
        await follower.until(3);
        await follower.stop();
        expect(follower.read.flat().map(({ value }) => textOf(value))).toEqual(['early', 'late', 'later']);
      });

      it('finishes without an error when its signal is raised, also while it waits and before it began', async () => {
        const waiting = follow(log);
        await log.append([recordOf('key', 'value')]);
        await waiting.until(1);
        await waiting.stop();
        expect(await readAll(log, { until: [9, 9, 9, 9], signal: AbortSignal.abort() })).toEqual([[], [], [], []]);
      });

      it('ends when the log is closed', async () => {
        const other = await subject.open();
        const follower = follow(other);
        await log.append([recordOf('key', 'value')]);
        await follower.until(1);
        await other.close();
        await follower.ended;
      });

      it('misses nothing and keeps the order under concurrent writers and barriers', async () => {
        const writers = [log, await subject.open(), await subject.open()];
        const follower = follow(await subject.open());
        const calls = 60;
        await Promise.all(
          writers.map(async (writer, number) => {
            for (let call = 0; call < calls; call++) {
              await writer.append(
                Array.from({ length: 1 + ((call * 7) % 20) }, (_, index) =>
                  recordOf(`${number}-${index}`, `${number} ${call} ${index}`),
                ),
              );
              if (call % 20 === 0) await writer.appendBarriers(`${number} ${call}`);
            }
          }),
        );
        const ends = await log.endOffsets();
        await follower.until(ends.reduce((sum, end) => sum + end, 0));
        await follower.stop();
        expect(follower.read.map(({ length }) => length)).toEqual(ends);
        expectConsecutive(follower.read);
        expectCallsInOrder(follower.read);
        for (const records of follower.read) expect(records.filter(({ barrier }) => barrier !== null)).toHaveLength(9);
      });
    });
  });
}

/** A member of a group that notes what it is asked and given. */
class RecordingMember implements GroupMember {
  readonly assignments: number[] = [];
  readonly taken: number[][] = START.map(() => []);
  /** How often a stretch is still refused as fenced. */
  fences = 0;
  readonly #begin: (partition: number) => number;
  readonly #goOn: (next: number) => number;

  constructor(begin: (partition: number) => number, goOn: (next: number) => number = (next) => next) {
    this.#begin = begin;
    this.#goOn = goOn;
  }

  async assigned(partition: number): Promise<number> {
    this.assignments.push(partition);
    return this.#begin(partition);
  }

  async take({ partition, records }: LogBatch): Promise<number> {
    if (this.fences-- > 0) throw new TandemError('fenced', 'another has claimed it');
    const offsets = records.map(({ offset }) => offset);
    this.taken[partition]?.push(...offsets);
    return this.#goOn((offsets.at(-1) ?? 0) + 1);
  }

  revoked(): void {}

  async blocked(_partition: number, error: TandemError): Promise<void> {
    throw error;
  }

  join(log: EventLog) {
    const leaving = new AbortController();
    const ended = log.join(this, { group: 'recording', signal: leaving.signal });
    ended.catch(() => {});
    const leave = async () => {
      leaving.abort();
      await ended;
    };
    return { ended, leave };
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Takes nothing of partition 0 until it is ready; fails when it is asked to before. */
class WaitingMember extends RecordingMember {
  readonly refused: number[] = [];
  readonly #isReady: () => boolean;

  constructor(isReady: () => boolean) {
    super((partition) => this.taken[partition]?.length ?? 0);
    this.#isReady = isReady;
  }

  override async take(batch: LogBatch): Promise<number> {
    // Once at least, also where the other partition has come first.
    const mayGoOn = this.refused.length > 0 && this.#isReady();
    if (batch.partition !== 0 || mayGoOn) return super.take(batch);
    this.refused.push(batch.records[0]?.offset ?? -1);
    return 0;
  }

  async ready(partition: number): Promise<void> {
    if (partition === 0) await this.until(this.#isReady);
  }
}

function markOf(partition: number, record: LogRecord): LogMark {
  return { partition, offset: record.offset, digest: digestOf(record) };
}

function recordOf(key: string, text: string): NewRecord {
  return { key, value: Buffer.from(text) };
}

function manyRecords(count: number): readonly NewRecord[] {
  return Array.from({ length: count }, (_, index) => recordOf(`key-${index}`, `value ${index}`));
}

function textOf(value: Uint8Array | null): string {
  return Buffer.from(value ?? []).toString();
}

/** All records by partition, by default from the start to the end of the log. */
async function readAll(
  log: EventLog,
  { from = START, ...options }: ReadOptions & { readonly from?: Offsets } = {},
): Promise<readonly (readonly LogRecord[])[]> {
  const read = START.map((): LogRecord[] => []);
  for await (const batch of log.read(from, { until: await log.endOffsets(), ...options })) keep(read, batch);
  return read;
}

function keep(read: readonly LogRecord[][], { partition, records }: LogBatch): void {
  read[partition]?.push(...records);
}

/** Follows from the start, in the background. */
function follow(log: EventLog) {
  const ending = new AbortController();
  const read = START.map((): LogRecord[] => []);
  let wake = () => {};
  const ended = (async () => {
    for await (const batch of log.read(START, { signal: ending.signal })) {
      keep(read, batch);
      wake();
    }
  })();
  const until = async (count: number) => {
    while (read.flat().length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  const stop = async () => {
    ending.abort();
    await ended;
  };
  return { read, ended, until, stop };
}

function expectConsecutive(read: readonly (readonly LogRecord[])[]): void {
  for (const records of read) {
    expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
  }
}

/** Within a partition, the calls of one writer lie in the order in which it made them. */
function expectCallsInOrder(read: readonly (readonly LogRecord[])[]): void {
  for (const records of read) {
    const lastCall = new Map<number, number>();
    for (const { value } of records.filter(({ barrier }) => barrier === null)) {
      const [writer = 0, call = 0] = textOf(value).split(' ').map(Number);
      expect(call).toBeGreaterThanOrEqual(lastCall.get(writer) ?? 0);
      lastCall.set(writer, call);
    }
  }
}
