import type { PartitionKeys } from './partition-keys.js';
import { metricsOf, tallyStarts } from './partition-meta.js';
import type { RedisConnection } from './redis-connection.js';

const KEYS_AT_ONCE = 1_000;

/**
 * Every key of a partition. The meta hash names them. Where Redis has lost it, or never had it, all of Redis is looked
 * through for what may be left: that takes as long as Redis holds keys of others, but happens only then.
 */
export async function allKeysOf(connection: RedisConnection, keys: PartitionKeys): Promise<readonly string[]> {
  const meta = await connection.run((client) => client.hGetAll(keys.meta));
  if (meta['definitions'] === undefined) return keysFound(connection, keys);
  const starts = tallyStarts(meta);
  const metrics = metricsOf(meta['definitions']);
  return [
    keys.meta,
    keys.stretches,
    ...starts.flatMap((start) => [
      keys.state(start),
      keys.staging(start),
      ...metrics.map((metric) => keys.readable(start, metric)),
    ]),
  ];
}

async function keysFound(connection: RedisConnection, keys: PartitionKeys): Promise<readonly string[]> {
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
