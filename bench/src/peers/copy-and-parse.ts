import type { Database } from '@tandem/shared/adapters/postgres/database';
import { to as copyTo } from 'pg-copy-streams';

const COPY_SQL = 'COPY tandem.log_record (partition, "offset", value, barrier) TO STDOUT (FORMAT binary)';

/** Signature, flags and length of the extension. */
const HEADER_BYTES = 19;
const VALUE_COLUMN = 2;

/**
 * Replay as bare as can be: the log's table by binary COPY, in whatever order it lies, and JSON.parse of each value.
 * Nothing is checked, deduplicated or counted but the records. Returns how many there were.
 * Source: PostgreSQL manual, COPY, "Binary Format".
 */
export async function copyAndParse(database: Database): Promise<number> {
  const client = await database.connect();
  let records = 0;
  let rest: Buffer = Buffer.alloc(0);
  let skip = HEADER_BYTES;
  try {
    for await (const chunk of client.query(copyTo(COPY_SQL)) as AsyncIterable<Buffer>) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      let at = skip;
      for (let end = endOfRow(bytes, at); end !== -1; end = endOfRow(bytes, at)) {
        parseValue(bytes, at);
        records++;
        at = end;
      }
      skip = 0;
      rest = bytes.subarray(at);
    }
  } finally {
    client.release();
  }
  return records;
}

/** The position after the row that begins at `start`; −1 when it is not all there, or when it is the trailer. */
function endOfRow(bytes: Buffer, start: number): number {
  if (start + 2 > bytes.length) return -1;
  const columns = bytes.readInt16BE(start);
  if (columns === -1) return -1;
  let at = start + 2;
  for (let column = 0; column < columns; column++) {
    if (at + 4 > bytes.length) return -1;
    at += 4 + Math.max(0, bytes.readInt32BE(at));
  }
  return at <= bytes.length ? at : -1;
}

function parseValue(bytes: Buffer, start: number): unknown {
  let at = start + 2;
  for (let column = 0; column < VALUE_COLUMN; column++) at += 4 + Math.max(0, bytes.readInt32BE(at));
  const length = bytes.readInt32BE(at);
  return length === -1 ? null : JSON.parse(bytes.toString('utf8', at + 4, at + 4 + length));
}
