import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeRow, encodeRows, type LogRow } from './copy-encoding.js';

const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
const bytes = fc.uint8Array({ maxLength: 60 });
const aRow: fc.Arbitrary<LogRow> = fc.record({
  partition: fc.nat(32_767),
  offset: fc.oneof(fc.nat(), fc.maxSafeInteger().map(Math.abs)),
  key: fc.option(text, { nil: null }),
  value: fc.option(bytes, { nil: null }),
  barrier: fc.option(text, { nil: null }),
});

const HEADER = 19;

/** Fields of one row of Postgres' binary format, read plainly: null, or bytes. */
function fieldsAt(stream: Buffer, start: number): { fields: readonly (Buffer | null)[]; end: number } {
  let at = start + 2;
  const fields = Array.from({ length: stream.readInt16BE(start) }, () => {
    const length = stream.readInt32BE(at);
    at += 4 + Math.max(0, length);
    return length === -1 ? null : stream.subarray(at - length, at);
  });
  return { fields, end: at };
}

function fieldsOf(stream: Buffer): readonly (readonly (Buffer | null)[])[] {
  const rows: (readonly (Buffer | null)[])[] = [];
  let at = HEADER;
  while (stream.readInt16BE(at) !== -1) {
    const { fields, end } = fieldsAt(stream, at);
    rows.push(fields);
    at = end;
  }
  expect(at + 2).toBe(stream.length);
  return rows;
}

/** What the server sends for a row: without the key, which readers do not ask for. */
function sentFor(fields: readonly (Buffer | null)[]): Buffer {
  const kept = fields.filter((_, index) => index !== 2);
  const parts = kept.map((field) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field?.length ?? -1);
    return Buffer.concat([length, field ?? Buffer.alloc(0)]);
  });
  return Buffer.concat([Buffer.from([0, kept.length]), ...parts]);
}

const plain = (value: Uint8Array | null) => value && Buffer.from(value);

describe('the encoding of COPY', () => {
  it('gives back every row as it was, with offsets beyond 2^32 and any bytes', () => {
    fc.assert(
      fc.property(fc.array(aRow, { maxLength: 30 }), (rows) => {
        const sent = fieldsOf(Buffer.concat([...encodeRows(rows)])).map(sentFor);
        const decoded = sent.map(decodeRow);
        expect(
          decoded.map((row) => row && { ...row, record: { ...row.record, value: plain(row.record.value) } }),
        ).toEqual(
          rows.map(({ partition, offset, value, barrier }) => ({
            partition,
            record: { offset, value: plain(value), barrier },
          })),
        );
      }),
    );
  });

  it('keeps rows whole over the bounds of its chunks, also one larger than a chunk', () => {
    const sizes = [100_000, 100_000, 100_000, 2_000_000, 0, 262_144 - 60, 10];
    const rows = sizes.map((size, offset) => ({
      partition: 0,
      offset,
      key: 'k',
      value: Buffer.alloc(size, 7),
      barrier: null,
    }));
    const chunks = [...encodeRows(rows)];
    expect(chunks.length).toBeGreaterThan(3);
    expect(fieldsOf(Buffer.concat(chunks)).map((fields) => fields[3]?.length)).toEqual(sizes);
  });

  it('knows the header before the first row and the trailer after the last', () => {
    const [stream = Buffer.alloc(0)] = [...encodeRows([])];
    const { partition, record } = decodeRow(
      Buffer.concat([stream, sentFor([Buffer.from([0, 3]), Buffer.alloc(8), null, null, null])]),
    ) ?? { partition: -1, record: null };
    expect([partition, record]).toEqual([3, { offset: 0, value: null, barrier: null }]);
    expect(decodeRow(stream)).toBeUndefined();
    expect(decodeRow(Buffer.from([0xff, 0xff]))).toBeUndefined();
  });

  it('copies the value, so that the driver may use its buffer again', () => {
    const message = sentFor([Buffer.alloc(2), Buffer.alloc(8), null, Buffer.from('kept'), null]);
    const decoded = decodeRow(message);
    message.fill(0);
    expect(String(decoded?.record.value)).toBe('kept');
  });
});
