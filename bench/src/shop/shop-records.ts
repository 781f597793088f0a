import { join } from 'node:path';
import { openDuckDb } from '../harness/duckdb.js';
import type { Totals } from '../harness/totals.js';
import { PARTITIONS, type Workplace } from '../harness/workplace.js';
import { createShopSql, EVENT_JSON_SQL, OCCURRED_TEXT_SQL, type ShopSize } from './shop-events.sql.js';
import { shopTotals } from './shop-totals.js';

export type ShopRecords = {
  /** One line each: partition, key and value, between tabs. */
  readonly file: string;
  /** What an implementation of the speed layer's work must come to. */
  readonly totals: Totals;
};

const SELECT_RECORDS_SQL = `
  SELECT partition, coalesce(ticket_id, customer_id, order_id) AS key, ${EVENT_JSON_SQL} AS value
  FROM (SELECT *, ${OCCURRED_TEXT_SQL} AS occurred_text FROM shop) ORDER BY position`;

/** Writes a shop's events as a topic's records into a file of the workplace, in the order in which they came. */
export async function writeShopRecords(place: Workplace, name: string, size: ShopSize): Promise<ShopRecords> {
  const file = join(place.folder, `${name}.tsv`);
  const duckdb = await openDuckDb();
  try {
    await duckdb.connection.run(createShopSql(size, PARTITIONS));
    await duckdb.connection.run(
      `COPY (${SELECT_RECORDS_SQL}) TO '${file}' (FORMAT csv, HEADER false, QUOTE '', DELIMITER '\t')`,
    );
    return { file, totals: await shopTotals(duckdb.connection) };
  } finally {
    duckdb.close();
  }
}
