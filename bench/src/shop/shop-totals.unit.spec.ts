import { describe, expect, it } from '@jest/globals';
import { type LogRecord, loadMetrics } from '@tandem/shared';
import { DuplicateWindow } from '@tandem/speed-layer/duplicate-window';
import { stretchFoldOf } from '@tandem/speed-layer/fold-stretch';
import { openDuckDb } from '../harness/duckdb.js';
import { totalsOf } from '../harness/totals.js';
import { PARTITIONS } from '../harness/workplace.js';
import { createShopSql, EVENT_JSON_SQL, OCCURRED_TEXT_SQL } from './shop-events.sql.js';
import { shopTotals } from './shop-totals.js';

const REACH = 200_000;
const SELECT_SQL = `
  SELECT partition::INTEGER AS partition, "offset"::INTEGER AS "offset", ${EVENT_JSON_SQL} AS value
  FROM (SELECT *, ${OCCURRED_TEXT_SQL} AS occurred_text FROM shop) ORDER BY "offset"`;

describe('the totals of a shop', () => {
  it("are what the speed layer's fold of the same events comes to", async () => {
    const duckdb = await openDuckDb();
    await duckdb.connection.run(createShopSql({ events: 6_000, days: 2 }, PARTITIONS));
    const rows = (await duckdb.connection.runAndReadAll(SELECT_SQL)).getRowObjects();
    const expected = await shopTotals(duckdb.connection);
    duckdb.close();
    const metrics = await loadMetrics();
    const fold = stretchFoldOf(metrics);
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => {
      const records = rows.filter((row) => row['partition'] === partition).map(recordOf);
      const continuation = { segmentStart: 0, window: new DuplicateWindow(REACH), seesAll: true };
      const { stretch } = fold({ partition, records }, continuation);
      return { from: 0, applied: stretch.to, segments: stretch.segments, cold: null };
    });
    expect(totalsOf({ version: 1, partitions }, metrics)).toEqual(expected);
    expect(expected).toMatchObject({ read: 6_000, duplicate: 60 });
  });
});

function recordOf(row: Record<string, unknown>): LogRecord {
  const value = Buffer.from(String(row['value']));
  return { offset: Number(row['offset']), value, barrier: null };
}
