import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../logger.js';
import { describeRunStore } from '../../testing/run-store.contract.js';
import { createTestDatabase } from '../../testing/test-database.js';
import { PostgresRunStore } from './postgres-run-store.js';
import { RUN_CHANNEL } from './sql/runs.sql.js';

const PUBLISH_SQL = `
  UPDATE tandem.batch_run
  SET state = 'published', finished_at = clock_timestamp(), boundary = $1::bigint[], definitions = $2, kept = true,
      base_run = (SELECT run_id FROM tandem.batch_current)
  WHERE state NOT IN ('published', 'failed')`;
const KEEP_SQL = `
  UPDATE tandem.batch_run SET kept = id IN (
    SELECT id FROM tandem.batch_run WHERE state = 'published' ORDER BY id DESC LIMIT 3)`;
const POINT_SQL = `UPDATE tandem.batch_current SET run_id = (SELECT max(id) FROM tandem.batch_run WHERE state = 'published')`;
const FAIL_SQL = `
  UPDATE tandem.batch_run SET state = 'failed', finished_at = clock_timestamp(), error = $1
  WHERE state NOT IN ('published', 'failed')`;

describeRunStore('the runs in Postgres', async () => {
  const { database, drop } = await createTestDatabase();
  return {
    runs: new PostgresRunStore(database, createLogger('test', 'silent')),
    publishActive: async (boundary, definitions) => {
      await database.query(PUBLISH_SQL, [boundary, definitions]);
      await database.query(KEEP_SQL);
      await database.query(POINT_SQL);
    },
    failActive: async (error) => {
      await database.query(FAIL_SQL, [error]);
    },
    close: drop,
  };
});

describe('the runs in Postgres', () => {
  it('wake the batch layer when one is requested, and not when it is refused', async () => {
    const { database, drop } = await createTestDatabase();
    const listener = await database.connect();
    const heard: (string | undefined)[] = [];
    listener.on('notification', ({ payload }) => heard.push(payload));
    await listener.query(`LISTEN ${RUN_CHANNEL}`);
    const runs = new PostgresRunStore(database, createLogger('test', 'silent'));
    await runs.request('full', 'manual');
    await runs.request('full', 'manual');
    await listener.query('SELECT 1');
    expect(heard).toEqual(['1']);
    listener.release(true);
    await drop();
  });

  it('raise an error of ours when Postgres cannot answer', async () => {
    const { database, drop } = await createTestDatabase();
    const runs = new PostgresRunStore(database, createLogger('test', 'silent'));
    await database.query('ALTER TABLE tandem.batch_run RENAME COLUMN boundary TO border');
    await expect(runs.current()).rejects.toMatchObject({ code: 'internal' });
    await drop();
    await expect(runs.current()).rejects.toMatchObject({ name: 'TandemError' });
  });
});
