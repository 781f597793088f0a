import { join } from 'node:path';
import { openDuckDb } from '../harness/duckdb.js';
import { PARTITIONS, type Workplace } from '../harness/workplace.js';
import { createShopSql, EVENT_JSON_SQL, OCCURRED_TEXT_SQL, type ShopSize } from './shop-events.sql.js';

/** Writes a shop's events as NDJSON into two files: the first `share` of them (0 to 1), and the rest. */
export async function writeNdjson(place: Workplace, size: ShopSize, share: number): Promise<readonly [string, string]> {
  const files = [join(place.folder, 'first.ndjson'), join(place.folder, 'rest.ndjson')] as const;
  const cut = Math.floor(size.events * share);
  const duckdb = await openDuckDb();
  try {
    await duckdb.connection.run(createShopSql(size, PARTITIONS));
    for (const [index, file] of files.entries()) {
      const where = index === 0 ? `position < ${cut}` : `position >= ${cut}`;
      await duckdb.connection.run(
        `COPY (SELECT ${EVENT_JSON_SQL} FROM (SELECT *, ${OCCURRED_TEXT_SQL} AS occurred_text FROM shop WHERE ${where}) ORDER BY position)
TO '${file}' (FORMAT csv, HEADER false, QUOTE '', DELIMITER '\t')`,
      );
    }
  } finally {
    duckdb.close();
  }
  return files;
}
