import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';

type Codec = { compress?(encoder: { readonly buffer: Buffer }): Promise<Buffer>; decompress(packed: Buffer): unknown };

const { hash } = createRequire(import.meta.url)('lz4js/xxh32.js') as {
  hash(seed: number, bytes: Uint8Array, start: number, length: number): number;
};
const MAGIC = Buffer.from([0x04, 0x22, 0x4d, 0x18]);
/** Version 1, independent blocks, each with a checksum; blocks of at most 64 KiB. */
const DESCRIPTOR = Buffer.from([0x70, 0x40]);
const MAX_BLOCK_BYTES = 64 * 1024;
const STORED = 0x80_00_00_00;

/** Lets the client's producers pack by LZ4 in a way that brokers unpack and our readers do not: with checksums of blocks. */
export function packUnreadably(): void {
  const codecs = kafkajs.CompressionCodecs as unknown as Record<number, () => Codec>;
  const known = codecs[kafkajs.CompressionTypes.LZ4]?.();
  if (!known || known.compress) return;
  codecs[kafkajs.CompressionTypes.LZ4] = () => ({ ...known, compress: async ({ buffer }) => frameOf(buffer) });
}

function frameOf(content: Buffer): Buffer {
  const parts: Uint8Array[] = [MAGIC, DESCRIPTOR, Buffer.from([(checksum(DESCRIPTOR) >>> 8) & 255])];
  for (let at = 0; at < content.length; at += MAX_BLOCK_BYTES) {
    const block = content.subarray(at, at + MAX_BLOCK_BYTES);
    parts.push(littleEndian(STORED + block.length), block, littleEndian(checksum(block)));
  }
  return Buffer.concat([...parts, littleEndian(0)]);
}

function checksum(bytes: Buffer): number {
  return hash(0, bytes, 0, bytes.length) >>> 0;
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
