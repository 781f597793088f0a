import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type Database, openDatabase } from '../adapters/postgres/database.js';
import { migrate } from '../adapters/postgres/migrate.js';
import { testPostgresUrl } from './config.js';

export type TestDatabase = { readonly url: string; readonly database: Database; drop(): Promise<void> };

/** A new, migrated database for one spec file. `drop` fails if a connection to it was left open. */
export async function createTestDatabase(partitions = 4): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(testPostgresUrl()), { pathname: `/${name}` }).href;
  const database = openDatabase({
    url,
    name: 'test',
    maxConnections: 10,
    statementTimeoutMs: 60_000,
    onConnectionLost: () => {},
  });
  await migrate(database, partitions);
  const drop = async () => {
    await database.end();
    await administer(`DROP DATABASE ${name}`);
  };
  return { url, database, drop };
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: testPostgresUrl() });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
