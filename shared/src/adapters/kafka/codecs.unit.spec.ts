import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import type { Batch } from 'kafkajs';
import lz4 from 'lz4js';
import { compress as packSnappy } from 'snappyjs';
import { installCodecs } from './codecs.js';
import { unreadableOf } from './unreadable.js';

/** Batches of the records {"number":0} to {"number":19} at offset 0, as the Java client writes them. */
const BY_JAVA = {
  gzip: 'AAAAAAAAAAAAAAC//////wITxB5wAAEAAAATAAAAAAAAAAAAAAAAAAAAAP//////////////////AAAAFB+LCAAAAAAAAP9Vz7sKwkAARNGJiIiIiIiEIBKWJXXeifkcwVILIZXk35WpZtpT3RsBJOk3vOfX4/kJU7kgAiulirRWqkkbpYa0VWpJO6WOtFfqSQelgXRUGkknpfuCAjgnmaSWtItZRUvNalpm1tCuZi3tZtbRcrOeFswGWjQbaYXZ/+MHUSe3TIYBAAA=',
  snappy:
    'AAAAAAAAAAAAAAEM/////wKO40YnAAIAAAATAAAAAAAAAAAAAAAAAAAAAP//////////////////AAAAFIJTTkFQUFkAAAAAAQAAAAEAAADHhgNYJAAAAAEYeyJudW1iZXIiOjB9ACQAAAIuEwAAMQUTAAQuEwAAMgUTAAYuEwAAMwUTAAguEwAANAUTAAouEwAANQUTAAwuEwAANgUTAA4uEwAANwUTABAuEwAAOAUTABIuEwAgOX0AJgAAFAEaGb4EMTAFFAAWMhQAADEFFAAYMhQAADIFFAAaMhQAADMFFAAcMhQAADQFFAAeMhQAADUFFAAgMhQAADYFFAAiMhQAADcFFAAkMhQAADgFFAAmMhQACDl9AA==',
  lz4: 'AAAAAAAAAAAAAAD2/////wKzOMT5AAMAAAATAAAAAAAAAAAAAAAAAAAAAP//////////////////AAAAFAQiTRhgQIK2AAAA+AgkAAAAARh7Im51bWJlciI6MH0AJAAAAhMAETETABgEEwARMhMAGAYTABEzEwAYCBMAETQTABgKEwARNRMAGAwTABE2EwAYDhMAETcTABgQEwAROBMAGBITAJY5fQAmAAAUARq+ACExMBQAGRYUABExFAAZGBQAETIUABkaFAARMxQAGRwUABE0FAAZHhQAETUUABkgFAARNhQAGSIUABE3FAAZJBQAETgUABcmFABQOjE5fQAAAAAA',
  zstd: 'AAAAAAAAAAAAAAC3/////wJwACGHAAQAAAATAAAAAAAAAAAAAAAAAAAAAP//////////////////AAAAFCi1L/0AWNQDAGQEJAAAAAEYeyJudW1iZXIiOjB9ACQAAAIxBDIGMwg0CjUMNg43EDgSOX0AJgAAFAEaMTAWMRgyGjMcNB41IDYiNyQ4Jjl9ACQg8OUn1x275O5iJ9cdu+TdxU6uO3bJ3r2Lt+NrGUt7mbXC1zKW9pi1wtcyLNDexqUmAQAA',
} as const;
const CODEC = { gzip: 1, snappy: 2, lz4: 3, zstd: 4, none: 5 } as const;
const HEADER_BYTES = 61;
const ATTRIBUTES_AT = 22;
const LENGTH_AT = 8;
const EXPECTED = Array.from({ length: 20 }, (_, number) => `{"number":${number}}`);

const require = createRequire(import.meta.url);
const Decoder = require('kafkajs/src/protocol/decoder');
const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder');

/** As the client reads a batch, and shows it to whoever consumes. */
async function read(batch: Buffer) {
  const { records } = await decodeBatch(new Decoder(batch));
  const values = (records as { value: Buffer | null }[]).map(({ value }) => value && String(value));
  return { values, broken: unreadableOf(batchOf(records)) };
}

function batchOf(messages: readonly unknown[]): Batch {
  return { messages, messagesWithinOffset: messages, fetchedOffset: '0' } as unknown as Batch;
}

/** The same records, packed in another way. */
function packedBy(codec: keyof typeof CODEC, packed: Uint8Array): Buffer {
  const batch = Buffer.concat([Buffer.from(BY_JAVA.gzip, 'base64').subarray(0, HEADER_BYTES), packed]);
  batch.writeInt16BE(CODEC[codec], ATTRIBUTES_AT - 1);
  batch.writeInt32BE(batch.length - LENGTH_AT - 4, LENGTH_AT);
  return batch;
}

/** The bytes of the records, not packed. */
async function plainRecords(): Promise<Buffer> {
  const { default: kafkajs } = await import('kafkajs');
  const packed = Buffer.from(BY_JAVA.gzip, 'base64').subarray(HEADER_BYTES);
  const codec = (kafkajs.CompressionCodecs as Record<number, () => { decompress(packed: Buffer): Promise<Buffer> }>)[1];
  return (await codec?.().decompress(packed)) as Buffer;
}

describe('batches that are packed', () => {
  installCodecs();

  it.each(Object.entries(BY_JAVA))('by the Java client with %s are read', async (_, bytes) => {
    expect(await read(Buffer.from(bytes, 'base64'))).toEqual({ values: EXPECTED, broken: undefined });
  });

  it('as one block of Snappy, without what Java puts around it, are read', async () => {
    const packed = packSnappy(await plainRecords());
    expect((await read(packedBy('snappy', packed))).values).toEqual(EXPECTED);
  });

  it('in two frames of Zstandard and after a frame to skip are read', async () => {
    const frames = await Promise.all([0, 1].map(async (half) => storedAsZstd(halves(await plainRecords())[half])));
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    expect((await read(packedBy('zstd', Buffer.concat([skipped, ...frames])))).values).toEqual(EXPECTED);
  });

  const large = () => Buffer.alloc(129 * 1024 * 1024);
  it.each([
    ['gzip', () => gzipSync(large())],
    ['snappy', () => packSnappy(large())],
    ['lz4', () => lz4.compress(large())],
    ['zstd', () => Buffer.concat(Array.from({ length: 1_100 }, () => REPEATED_AS_ZSTD))],
  ] as const)('by %s into few bytes that stand for too many are not read, and say so', async (codec, pack) => {
    const { broken } = await read(packedBy(codec, pack()));
    expect(broken).toMatchObject({ index: 0, from: 0, reason: expect.stringMatching(/134217728/) });
  });

  it.each(Object.entries(BY_JAVA))('by %s and cut off, or with other bytes, are not read', async (name, bytes) => {
    const codec = name as keyof typeof CODEC;
    const packed = Buffer.from(bytes, 'base64').subarray(HEADER_BYTES);
    const middle = Math.floor(packed.length / 2);
    const changed = Buffer.from(packed).fill(0xa5, middle, middle + 20);
    for (const wrong of [packed.subarray(0, middle), changed, Buffer.from('not packed at all')]) {
      const { broken, values } = await read(packedBy(codec, wrong));
      expect(broken).toMatchObject({ index: 0, from: 0, reason: expect.stringMatching(/./) });
      expect(values).toHaveLength(EXPECTED.length);
    }
  });

  it('in a way that nobody knows are not read', async () => {
    const { broken } = await read(packedBy('none', Buffer.from('whatever')));
    expect(broken?.reason).toMatch(/codec 5/);
  });

  it('stand behind others: what lies before is told from them', async () => {
    const good = (await decodeBatch(new Decoder(Buffer.from(BY_JAVA.lz4, 'base64')))).records;
    const wrong = (await decodeBatch(new Decoder(packedBy('lz4', Buffer.from('no'))))).records;
    expect(unreadableOf(batchOf([...good, ...wrong]))?.index).toBe(EXPECTED.length);
  });
});

function halves(records: Buffer): readonly [Buffer, Buffer] {
  const middle = Math.floor(records.length / 2);
  return [records.subarray(0, middle), records.subarray(middle)];
}

/** A frame of one stored block (RFC 8878) of less than 64 KiB. */
function storedAsZstd(content: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(content.length, 5);
  header.writeUIntLE(content.length * 8 + 1, 9, 3);
  return Buffer.concat([header, content]);
}

/** A frame of one block that is a byte repeated 128 Ki times. */
const REPEATED_AS_ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 2, 0, 3, 0, 16, 7]);
