import type { LogRecord } from '../../ports/event-log.js';

/**
 * Postgres' binary COPY format, written and read by hand: text would have to escape every byte of a value.
 * Source: PostgreSQL manual, COPY, "Binary Format".
 */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;
const TRAILER_BYTES = 2;
const NULL_LENGTH = -1;
const HIGH_FACTOR = 2 ** 32;

/** A row of the log as it is appended; the columns are those of `APPEND_COLUMNS`. */
export type LogRow = {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly barrier: string | null;
};

export const APPEND_COLUMNS = 'partition, "offset", key, value, barrier';
const APPEND_COLUMN_COUNT = 5;
/** Column count, five lengths, the partition and the offset. */
const FIXED_ROW_BYTES = 2 + APPEND_COLUMN_COUNT * 4 + 2 + 8;

/** What is sent at once; a larger row is a chunk of its own. */
const CHUNK_BYTES = 262_144;

/** The bytes of a COPY … FROM STDIN (FORMAT binary) of these rows, in chunks. */
export function* encodeRows(rows: Iterable<LogRow>): Generator<Buffer> {
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let end = writeHeader(chunk);
  for (const row of rows) {
    const needed = largestSizeOf(row);
    if (end + needed > chunk.length) {
      yield chunk.subarray(0, end);
      chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, needed + TRAILER_BYTES));
      end = 0;
    }
    end = writeRow(chunk, end, row);
  }
  yield chunk.subarray(0, end);
  yield Buffer.from([0xff, 0xff]);
}

function writeHeader(chunk: Buffer): number {
  SIGNATURE.copy(chunk);
  chunk.fill(0, SIGNATURE.length, HEADER_BYTES);
  return HEADER_BYTES;
}

/** A UTF-16 unit takes at most 3 bytes of UTF-8. */
function largestSizeOf({ key, value, barrier }: LogRow): number {
  return FIXED_ROW_BYTES + (key?.length ?? 0) * 3 + (value?.length ?? 0) + (barrier?.length ?? 0) * 3;
}

function writeRow(chunk: Buffer, start: number, row: LogRow): number {
  let end = chunk.writeInt16BE(APPEND_COLUMN_COUNT, start);
  end = chunk.writeInt32BE(2, end);
  end = chunk.writeInt16BE(row.partition, end);
  end = chunk.writeInt32BE(8, end);
  end = chunk.writeUInt32BE(Math.floor(row.offset / HIGH_FACTOR), end);
  end = chunk.writeUInt32BE(row.offset % HIGH_FACTOR, end);
  end = writeText(chunk, end, row.key);
  end = writeBytes(chunk, end, row.value);
  return writeText(chunk, end, row.barrier);
}

function writeText(chunk: Buffer, start: number, text: string | null): number {
  if (text === null) return chunk.writeInt32BE(NULL_LENGTH, start);
  const length = chunk.write(text, start + 4, 'utf8');
  return chunk.writeInt32BE(length, start) + length;
}

function writeBytes(chunk: Buffer, start: number, bytes: Uint8Array | null): number {
  if (bytes === null) return chunk.writeInt32BE(NULL_LENGTH, start);
  const end = chunk.writeInt32BE(bytes.length, start);
  chunk.set(bytes, end);
  return end + bytes.length;
}

/** The columns that `decodeRow` expects, in this order. */
export const READ_COLUMNS = 'partition, "offset", value, barrier';
const PARTITION_AT = 6;
const OFFSET_AT = 12;
const VALUE_AT = 20;

export type DecodedRow = { readonly partition: number; readonly record: LogRecord };

/**
 * Decodes one message of a COPY … TO STDOUT (FORMAT binary) of READ_COLUMNS: the server sends one message per row, the
 * first behind the header, and a trailer, which gives undefined. The value is copied: the driver reuses its buffer.
 */
export function decodeRow(message: Buffer): DecodedRow | undefined {
  const row = message.length >= HEADER_BYTES && message[0] === SIGNATURE[0] ? message.subarray(HEADER_BYTES) : message;
  if (row.length <= TRAILER_BYTES) return undefined;
  const valueLength = row.readInt32BE(VALUE_AT);
  const valueEnd = VALUE_AT + 4 + Math.max(0, valueLength);
  const barrierLength = row.readInt32BE(valueEnd);
  return {
    partition: row.readInt16BE(PARTITION_AT),
    record: {
      offset: row.readUInt32BE(OFFSET_AT) * HIGH_FACTOR + row.readUInt32BE(OFFSET_AT + 4),
      value: valueLength === NULL_LENGTH ? null : Buffer.from(row.subarray(VALUE_AT + 4, valueEnd)),
      barrier: barrierLength === NULL_LENGTH ? null : row.toString('utf8', valueEnd + 4, valueEnd + 4 + barrierLength),
    },
  };
}
