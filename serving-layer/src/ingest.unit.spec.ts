import { describe, expect, it } from '@jest/globals';
import { type EventLog, MAX_EVENT_BYTES, type NewRecord, TandemError } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { ingestJson, ingestLines, MAX_LISTED_REFUSALS, MAX_WAITING_RECORDS } from './ingest.js';
import { recordsOf } from './testing/folded-view.js';
import { ticket } from './testing/ticket.js';

const lineOf = (value: unknown) => `${JSON.stringify(value)}\n`;

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** A log that does what it is told instead of appending. */
function logThat(append: (records: readonly NewRecord[]) => Promise<void>): EventLog {
  return Object.assign(new MemoryEventLog(1), { append });
}

describe('a JSON text', () => {
  it('is appended as its bytes, one record per event', async () => {
    const log = new MemoryEventLog(1);
    expect(await ingestJson(log, JSON.stringify([ticket(1), ticket(2)]))).toEqual({
      accepted: 2,
      refused: [],
      refusedCount: 0,
    });
    expect((await recordsOf(log)).map(({ value }) => JSON.parse(String(value)))).toEqual([ticket(1), ticket(2)]);
  });

  it('that is no event is refused with index, path and reason, and the others are accepted', async () => {
    const result = await ingestJson(
      new MemoryEventLog(1),
      JSON.stringify([ticket(1), { ...ticket(2), priority: '' }, 7, null]),
    );
    expect(result).toMatchObject({ accepted: 1, refusedCount: 3 });
    expect(result.refused.map(({ index, path }) => [index, path])).toEqual([
      [1, 'priority'],
      [2, ''],
      [3, ''],
    ]);
  });

  it('that is nested deep is refused', async () => {
    const deep = `{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(await ingestJson(new MemoryEventLog(1), deep)).toMatchObject({ accepted: 0, refusedCount: 1 });
  });

  it('with a key named __proto__, an unknown key or a key twice is refused', async () => {
    const hostile = `{"__proto__": {"admin": true}, ${JSON.stringify(ticket(1)).slice(1)}`;
    const twice = `{"priority": "low", ${JSON.stringify(ticket(1)).slice(1)}`;
    const text = `[${hostile}, ${JSON.stringify({ ...ticket(1), extra: 1 })}, ${twice}]`;
    expect(await ingestJson(new MemoryEventLog(1), text)).toMatchObject({ accepted: 0, refusedCount: 3 });
  });

  it('is kept as it is written, however it is spaced', async () => {
    const log = new MemoryEventLog(1);
    const spaced = JSON.stringify(ticket(1), null, 2);
    expect(await ingestJson(log, ` [ ${spaced} , ${spaced}\n] `)).toMatchObject({ accepted: 2 });
    expect((await recordsOf(log)).map(({ value }) => String(value))).toEqual([spaced, spaced]);
  });
});

describe('a stream of lines', () => {
  it('skips blank lines, keeps their place in the index, and counts a last line without newline', async () => {
    const text = `\n${lineOf(ticket(1))}  \r\nnonsense\n${JSON.stringify(ticket(2))}`;
    const result = await ingestLines(new MemoryEventLog(1), chunksOf(text));
    expect(result.accepted).toBe(2);
    expect(result.refused.map(({ index }) => index)).toEqual([3]);
  });

  it('drops the byte order marks of files that were put behind each other', async () => {
    const log = new MemoryEventLog(1);
    const result = await ingestLines(
      log,
      chunksOf(`\ufeff${lineOf(ticket(1))}`, `\ufeff${lineOf(ticket(2))}`, '\ufeff'),
    );
    expect(result).toEqual({ accepted: 2, refused: [], refusedCount: 0 });
    expect((await recordsOf(log)).map(({ value }) => `${value}\n`)).toEqual([lineOf(ticket(1)), lineOf(ticket(2))]);
  });

  it('that breaks has what was whole before taken, and the fault beside it', async () => {
    const fault = new Error('the line was cut');
    async function* breaking(): AsyncGenerator<Buffer> {
      yield* chunksOf(lineOf(ticket(1)), `nonsense\n${lineOf(ticket(2))}${JSON.stringify(ticket(3))}`);
      throw fault;
    }
    const result = await ingestLines(new MemoryEventLog(1), breaking());
    expect(result).toMatchObject({ accepted: 2, refusedCount: 1, fault });
  });

  it('keeps the order of its lines', async () => {
    const log = new MemoryEventLog(1);
    await ingestLines(log, chunksOf(...Array.from({ length: 50 }, (_, id) => lineOf(ticket(id)))));
    const ids = (await recordsOf(log)).map(({ value }) => JSON.parse(String(value)).event_id);
    expect(ids).toEqual(Array.from({ length: 50 }, (_, id) => `e-${id}`));
  });

  it('refuses a line that is too long and goes on', async () => {
    const result = await ingestLines(
      new MemoryEventLog(1),
      chunksOf('x'.repeat(MAX_EVENT_BYTES), 'yy', '\n', lineOf(ticket(1))),
    );
    expect(result).toMatchObject({ accepted: 1, refusedCount: 1 });
    expect(result.refused[0]?.reason).toContain(String(MAX_EVENT_BYTES));
  });

  it('lists a hundred refusals and counts the rest', async () => {
    const result = await ingestLines(new MemoryEventLog(1), chunksOf('no\n'.repeat(1_234)));
    expect(result.refused).toHaveLength(MAX_LISTED_REFUSALS);
    expect(result).toMatchObject({ accepted: 0, refusedCount: 1_234 });
  });

  it('reads no further ahead than it may while the log is busy', async () => {
    let release = () => {};
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sent = 5 * MAX_WAITING_RECORDS;
    let taken = 0;
    async function* many(): AsyncGenerator<Buffer> {
      for (; taken < sent; taken += 100) yield Buffer.from(lineOf(ticket(1)).repeat(100));
    }
    const ingesting = ingestLines(
      logThat(() => busy),
      many(),
    );
    // It has come to a stand when nothing was taken for a while.
    for (let before = -1; before !== taken; ) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(taken).toBeLessThan(2 * MAX_WAITING_RECORDS);
    release();
    expect((await ingesting).accepted).toBe(sent);
  });

  it('says how many were accepted when the log fails in the midst', async () => {
    let calls = 0;
    const log = logThat(async () => {
      if (++calls > 2) throw new TandemError('unavailable', 'the log is away');
    });
    const chunks = Array.from({ length: 10 }, (_, id) => lineOf(ticket(id)));
    async function* slowly(): AsyncGenerator<Buffer> {
      for (const chunk of chunks) {
        yield Buffer.from(chunk);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const failing = ingestLines(log, slowly());
    await expect(failing).rejects.toMatchObject({ code: 'unavailable', facts: { accepted: 2 } });
  });

  it('passes on that the log is overloaded', async () => {
    const log = logThat(async () => {
      throw new TandemError('overloaded', 'too much is waiting');
    });
    await expect(ingestLines(log, chunksOf(lineOf(ticket(1))))).rejects.toMatchObject({
      code: 'overloaded',
      facts: { accepted: 0 },
    });
  });
});
