import { sqlText } from '../open-duckdb.js';
import { EVENT_COLUMNS, MS_PER_DAY_SQL, quoted } from './event-columns.js';

/** Reads the rows of a chunk; sorted, so that each day lies in a few row groups and is found without a full scan. */
export function loadRowsSql(rowsFile: string): string {
  const columns = [...EVENT_COLUMNS].map(([name, type]) => `"${name}": '${type}'`).join(', ');
  return `CREATE OR REPLACE TEMP TABLE archived_row AS
SELECT *, occurred_at // ${MS_PER_DAY_SQL} AS day
FROM read_json(${sqlText(rowsFile)}, format = 'newline_delimited', columns = {${columns}}, maximum_object_size = 16777216)
ORDER BY day, "partition", "offset"`;
}

/** `dayNumber` counts days since 1970. */
export function writeDayFileSql(dayNumber: number, file: string): string {
  return `COPY (SELECT ${quoted([...EVENT_COLUMNS.keys()])} FROM archived_row WHERE day = ${dayNumber})
TO ${sqlText(file)} (FORMAT parquet, COMPRESSION zstd)`;
}
