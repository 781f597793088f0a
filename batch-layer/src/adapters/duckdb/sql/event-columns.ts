import { type FieldName, fields } from '@tandem/shared';

const FIELD_NAMES = Object.keys(fields) as readonly FieldName[];

/** Columns of the master dataset: where the event lay in the log, its type, and every field that an event may have. */
export const EVENT_COLUMNS: ReadonlyMap<string, 'VARCHAR' | 'BIGINT'> = new Map([
  ['partition', 'BIGINT'],
  ['offset', 'BIGINT'],
  ['type', 'VARCHAR'],
  ...FIELD_NAMES.map((name) => [name, fields[name].column === 'text' ? 'VARCHAR' : 'BIGINT'] as const),
]);

/** What makes copies of one event differ: every column but its position and its identity. */
export const CONTENT_COLUMNS = [...EVENT_COLUMNS.keys()].filter(
  (name) => !['partition', 'offset', 'event_id', 'occurred_at'].includes(name),
);

export const MS_PER_DAY_SQL = 86_400_000;
export const MS_PER_HOUR_SQL = 3_600_000;

/** `read_parquet` over named files: never a pattern, so that a stray file is never read. */
export function fromFiles(files: readonly string[]): string {
  return `read_parquet([${files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')}], hive_partitioning = false)`;
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
