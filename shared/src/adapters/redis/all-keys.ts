import type { PartitionKeys } from './partition-keys.js';
import type { RedisConnection } from './redis-connection.js';

const KEYS_AT_ONCE = 1_000;

/** Every key of a partition, also those of which nobody knows any more because the meta hash was lost before them. */
export async function allKeysOf(connection: RedisConnection, keys: PartitionKeys): Promise<readonly string[]> {
  const found = new Set([keys.meta]);
  let cursor = '0';
  do {
    const from = cursor;
    const page = await connection.run((client) => client.scan(from, { MATCH: keys.pattern, COUNT: KEYS_AT_ONCE }));
    for (const key of page.keys) found.add(key);
    cursor = page.cursor;
  } while (cursor !== '0');
  return [...found];
}
