import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FaultScene } from '../testing/fault-scene.js';
import { readWholeLog, withDatabase } from '../testing/log-content.js';
import { poison } from '../testing/poison.js';
import { sampleEvent } from '../testing/sample-events.js';
import { waitFor } from '../testing/tandem-process.js';

const SEED = 20_260_107;
const TEN_MB = 10 * 1024 * 1024;
const POISON = poison(TEN_MB);

type DeadLetter = { partition: number; offset: number; path: string; reason: string };

describe('Records in the log that are no events', () => {
  let scene: FaultScene;
  let positions: readonly { readonly partition: number; readonly offset: number }[] = [];

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    await scene.start();
    await ingest(200);
    positions = await appendForeign(POISON);
    await ingest(200);
  }, 180_000);
  afterAll(() => scene.close());

  it('become dead letters with bytes, position and reason, and the partitions go on', async () => {
    await scene.client.untilCaughtUp();
    expect(await scene.faults()).toEqual([]);
    await waitFor('all dead letters', async () => (await deadLetters()).length === POISON.length);
    const letters = await deadLetters();
    for (const [index, { partition, offset }] of positions.entries()) {
      const letter = letters.find((found) => found.partition === partition && found.offset === offset);
      expect(letter?.reason).toMatch(/./);
      // Not by toEqual, which would take minutes for ten megabytes.
      const expected = POISON[index] ?? null;
      expect(expected === null ? letter?.value === null : letter?.value?.equals(expected)).toBe(true);
    }
  }, 180_000);

  it('are listed by the API', async () => {
    const { total, dead_letters } = await scene.client.body<{ total: number; dead_letters: readonly DeadLetter[] }>(
      '/dead-letters',
    );
    expect(total).toBe(POISON.length);
    expect(dead_letters.every(({ reason }) => reason !== '')).toBe(true);
  });

  it('are found by the batch layer too, and counted once', async () => {
    await scene.client.publish();
    expect(await scene.faults()).toEqual([]);
    expect((await deadLetters()).length).toBe(POISON.length);
  }, 180_000);

  it('leave the log without gaps and change nothing at a restart', async () => {
    await scene.kill();
    await scene.start();
    expect(await scene.faults()).toEqual([]);
    expect((await deadLetters()).length).toBe(POISON.length);
    const records = await readWholeLog(scene.dataFolder);
    const ledger = await scene.client.body<{ speed: { partitions: readonly { invalid: number }[] } }>('/ledger');
    expect(records.length).toBeGreaterThan(400 + POISON.length);
    expect(ledger.speed.partitions.reduce((sum, { invalid }) => sum + invalid, 0)).toBe(POISON.length);
  }, 180_000);

  async function ingest(count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const event = sampleEvent(scene.random, 'poison', scene.sent.count);
      scene.sent.add(event);
      return event;
    });
    await scene.client.ingest(events);
    scene.sent.acknowledge(events);
  }

  /** Writes straight into the table, as another program might, all over the partitions. */
  async function appendForeign(values: readonly (Buffer | null)[]) {
    return withDatabase(scene.dataFolder, async (database) => {
      const found: { partition: number; offset: number }[] = [];
      for (const [index, value] of values.entries()) {
        const partition = index % 4;
        const { rows } = await database.query<{ offset: string }>(
          `WITH head AS (UPDATE tandem.log_head SET next_offset = next_offset + 1 WHERE partition = $1 RETURNING next_offset)
           INSERT INTO tandem.log_record (partition, "offset", value) SELECT $1, next_offset - 1, $2 FROM head RETURNING "offset"`,
          [partition, value],
        );
        found.push({ partition, offset: Number(rows[0]?.offset) });
      }
      return found;
    });
  }

  async function deadLetters() {
    return withDatabase(scene.dataFolder, async (database) => {
      const { rows } = await database.query<{
        partition: number;
        offset: string;
        value: Buffer | null;
        reason: string;
      }>('SELECT partition, "offset", value, reason FROM tandem.dead_letter');
      return rows.map((row) => ({ ...row, offset: Number(row.offset) }));
    });
  }
});
