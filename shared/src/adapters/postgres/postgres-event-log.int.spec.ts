import { describe, expect, it } from '@jest/globals';
import { partitionOf } from '../../partition-of.js';
import { describeEventLog } from '../../testing/event-log.contract.js';
import { createTestDatabase } from '../../testing/test-database.js';
import { type Database, inTransaction } from './database.js';
import { openPostgresEventLog, type PostgresEventLog } from './postgres-event-log.js';

const PARTITIONS = 4;

const APPEND_FOREIGN_SQL = `
  INSERT INTO tandem.log_record (partition, "offset", value)
  SELECT $1, next_offset + place - 1, v.value
  FROM tandem.log_head, unnest($2::bytea[]) WITH ORDINALITY AS v (value, place) WHERE partition = $1`;

/** What another program does when it appends by the rules: lock the head, take the offsets, move it. */
async function appendForeign(database: Database, partition: number, values: readonly (Uint8Array | null)[]) {
  await inTransaction(database, async (transaction) => {
    await transaction.query('SELECT FROM tandem.log_head WHERE partition = $1 FOR UPDATE', [partition]);
    await transaction.query(APPEND_FOREIGN_SQL, [partition, values]);
    await transaction.query('UPDATE tandem.log_head SET next_offset = next_offset + $2 WHERE partition = $1', [
      partition,
      values.length,
    ]);
  });
}

async function createSubject() {
  const { url, database, drop } = await createTestDatabase(PARTITIONS);
  const opened: PostgresEventLog[] = [];
  return {
    url,
    database,
    open: async (giveUpAfterMs = 15_000) => {
      const log = openPostgresEventLog({ databaseUrl: url, partitions: PARTITIONS, giveUpAfterMs });
      opened.push(log);
      return log;
    },
    appendForeign: (partition: number, values: readonly (Uint8Array | null)[]) =>
      appendForeign(database, partition, values),
    /** As an administrator or a crash would: every connection of the log is cut. */
    terminate: async (applicationName: string) => {
      const { rowCount } = await database.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
        [applicationName],
      );
      return rowCount ?? 0;
    },
    close: async () => {
      await Promise.all(opened.map((log) => log.close()));
      await drop();
    },
  };
}

type Subject = Awaited<ReturnType<typeof createSubject>>;

async function withLog(test: (subject: Subject, log: PostgresEventLog) => Promise<void>): Promise<void> {
  const subject = await createSubject();
  try {
    await test(subject, await subject.open());
  } finally {
    await subject.close();
  }
}

const record = (text: string) => ({ key: text, value: Buffer.from(text) });

async function readTexts(log: PostgresEventLog): Promise<readonly string[]> {
  const texts: string[] = [];
  for await (const { records } of log.read([0, 0, 0, 0], { until: await log.endOffsets() })) {
    texts.push(...records.map(({ value }) => String(value)));
  }
  return texts;
}

describeEventLog('the log in Postgres', createSubject);

describe('the log in Postgres, when connections are cut,', () => {
  it('has every acknowledged call once, and each other call wholly or not at all', () =>
    withLog(async (subject, log) => {
      const acknowledged: number[] = [];
      const refused: unknown[] = [];
      let isOver = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let call = writer; !isOver; call += 8) {
          const records = Array.from({ length: 40 }, (_, index) => record(`${call} ${index}`));
          await log.append(records).then(
            () => acknowledged.push(call),
            (error) => refused.push(error),
          );
        }
      });
      let cut = 0;
      for (let round = 0; round < 12; round++) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        cut += await subject.terminate('tandem log');
      }
      isOver = true;
      await Promise.all(writers);
      const counts = new Map<number, number>();
      for (const text of await readTexts(await subject.open())) {
        const call = Number(text.split(' ')[0]);
        counts.set(call, (counts.get(call) ?? 0) + 1);
      }
      expect(cut).toBeGreaterThan(0);
      expect(refused.length).toBeGreaterThan(0);
      for (const error of refused) expect(error).toMatchObject({ code: 'unavailable', retriable: true });
      for (const call of acknowledged) expect(counts.get(call)).toBe(40);
      expect([...new Set(counts.values())]).toEqual([40]);
    }));

  it('goes on following by itself, without a gap or a copy, also when it no longer listens', () =>
    withLog(async (subject, log) => {
      const ending = new AbortController();
      const offsets: number[][] = [[], [], [], []];
      const reading = (async () => {
        for await (const { partition, records } of log.read([0, 0, 0, 0], { signal: ending.signal })) {
          offsets[partition]?.push(...records.map(({ offset }) => offset));
        }
      })();
      let cut = 0;
      for (let round = 0; round < 10; round++) {
        await log.append(Array.from({ length: 20_000 }, (_, index) => record(`${round} ${index}`)));
        cut += await subject.terminate('tandem log reader');
        cut += await subject.terminate('tandem log listener');
      }
      const ends = await log.endOffsets();
      const isComplete = () => offsets.every(({ length }, partition) => length >= (ends[partition] ?? 0));
      while (!isComplete()) await new Promise((resolve) => setTimeout(resolve, 20));
      ending.abort();
      await reading;
      expect(cut).toBeGreaterThan(0);
      expect(offsets.map((all) => all.every((offset, index) => offset === index))).toEqual([true, true, true, true]);
      expect(offsets.map(({ length }) => length)).toEqual(ends);
    }));

  it('ends a read with a bound as unavailable when Postgres stays away', async () => {
    const log = openPostgresEventLog({ databaseUrl: 'postgres://127.0.0.1:1/none', partitions: 4, giveUpAfterMs: 300 });
    const read = async () => {
      for await (const _ of log.read([0, 0, 0, 0], { until: [1, 1, 1, 1] })) return;
    };
    await expect(read()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(log.append([record('lost')])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(log.endOffsets()).rejects.toMatchObject({ code: 'unavailable' });
    await log.close();
  });
});

describe('the log in Postgres, when appended to,', () => {
  it('notifies where the partitions concerned end, so that no reader has to poll', () =>
    withLog(async ({ database }, log) => {
      const listener = await database.connect();
      const heard: (string | undefined)[] = [];
      listener.on('notification', ({ payload }) => heard.push(payload));
      await listener.query('LISTEN tandem_log_appended');
      await log.appendBarriers('run-1');
      await log.append([record('text')]);
      await listener.query('SELECT 1');
      listener.release(true);
      const partition = partitionOf('text', PARTITIONS);
      expect(heard).toEqual(['0:1 1:1 2:1 3:1', `${partition}:2`]);
    }));
});

describe('the log in Postgres, when Postgres does not answer,', () => {
  it('answers an append within its deadline, and goes on when Postgres does', () =>
    withLog(async ({ url, database }) => {
      const log = openPostgresEventLog({ databaseUrl: url, partitions: PARTITIONS, appendDeadlineMs: 200 });
      await inTransaction(database, async (transaction) => {
        await transaction.query('LOCK TABLE tandem.log_head IN ACCESS EXCLUSIVE MODE');
        const held = log.append([record('first')]);
        await expect(held).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/unknown/) });
        const behind = log.append([record('second')]);
        await expect(behind).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/none/) });
      });
      await log.append([record('third')]);
      expect((await readTexts(log)).toSorted()).toEqual(['first', 'third']);
      await log.close();
    }));
});

describe('the log in Postgres, when it is damaged,', () => {
  const damaged = (deleteSql: string) =>
    withLog(async ({ database, appendForeign }, log) => {
      await appendForeign(
        1,
        Array.from({ length: 10 }, () => Buffer.from('{}')),
      );
      await database.query(deleteSql);
      await expect(readTexts(log)).rejects.toMatchObject({
        code: 'corrupt',
        facts: { partition: 1, expected: deleteSql.includes('= 4') ? 4 : 9 },
      });
    });

  it('names the gap in the middle of a partition', () =>
    damaged('DELETE FROM tandem.log_record WHERE partition = 1 AND "offset" = 4'));

  it('names the gap at the end of a partition', () =>
    damaged('DELETE FROM tandem.log_record WHERE partition = 1 AND "offset" = 9'));

  it('does not take a false notification for a gap', () =>
    withLog(async ({ database }, log) => {
      const ending = new AbortController();
      const reading = (async () => {
        for await (const { records } of log.read([0, 0, 0, 0], { signal: ending.signal })) return records.length;
        return 0;
      })();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await database.query(`SELECT pg_notify('tandem_log_appended', '0:7 1:x 99:3 2:-1')`);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await log.append([record('true')]);
      expect(await reading).toBe(1);
      ending.abort();
    }));

  it('refuses to append to partitions that the log does not have', () =>
    withLog(async ({ url }) => {
      const wrong = openPostgresEventLog({ databaseUrl: url, partitions: 6 });
      await expect(wrong.appendBarriers('run-1')).rejects.toMatchObject({ code: 'configuration-invalid' });
      await wrong.close();
    }));

  it('refuses a key with NUL alone, and appends what waits beside it', () =>
    withLog(async (_, log) => {
      const refused = log.append([{ key: 'a\0b', value: Buffer.from('x') }]);
      const taken = log.append([record('fine')]);
      await expect(refused).rejects.toMatchObject({ code: 'request-invalid' });
      await taken;
      expect(await readTexts(log)).toEqual(['fine']);
    }));
});
