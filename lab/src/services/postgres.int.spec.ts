import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@tandem/shared';
import pg from 'pg';
import { deleteDataFolder } from '../embedded-postgres/cluster-home.js';
import { hasEnded } from '../processes/orphan.js';
import { type Postgres, startPostgres } from './postgres.js';

jest.setTimeout(120_000);

let folder: string;
let postgres: Postgres;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-postgres-'));
  await chmod(folder, 0o755);
  postgres = await startPostgres({ folder, logger: createLogger('test', 'silent') });
});

afterEach(async () => {
  await postgres.stop();
  await deleteDataFolder(folder);
});

async function query(statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

describe('a Postgres of our own', () => {
  it.each([
    ['kill -9', () => postgres.kill()],
    ['an immediate stop', () => postgres.stopImmediately()],
  ])('keeps what was committed over %s, stays down, and comes back at the same address', async (_, end) => {
    await query('CREATE TABLE kept AS SELECT 42 AS answer');
    const { url, pid } = postgres;
    await end();
    expect(hasEnded(pid)).toBe(true);
    await expect(query('SELECT 1')).rejects.toThrow();
    await postgres.restart();
    expect(postgres.url).toBe(url);
    expect(await query('SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('cuts connections at once when it is stopped immediately', async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => {});
    await client.connect();
    const statement = client.query('SELECT pg_sleep(60)');
    const [outcome] = await Promise.all([statement.catch((error: Error) => error), postgres.stopImmediately()]);
    expect(outcome).toBeInstanceOf(Error);
  });

  it('has the same address at its next start', async () => {
    const { url } = postgres;
    await postgres.stop();
    postgres = await startPostgres({ folder, logger: createLogger('test', 'silent') });
    expect(postgres.url).toBe(url);
  });
});
