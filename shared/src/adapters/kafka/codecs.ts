import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import kafkajs from 'kafkajs';
import { messageOf } from '../../errors.js';
import { unreadable } from './unreadable.js';

/** What one batch of records may come to when it is unpacked: a few bytes can stand for any number of them. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;

type Codec = { compress?(encoder: unknown): Promise<Buffer>; decompress(packed: Buffer): Promise<Buffer> };
type Unpack = (packed: Buffer, maxBytes: number) => Promise<Uint8Array>;

/** Packages are loaded when the first batch of their kind is read: most topics have none. */
const UNPACK: Readonly<Record<number, Unpack>> = {
  [kafkajs.CompressionTypes.GZIP]: unpackGzip,
  [kafkajs.CompressionTypes.Snappy]: unpackSnappy,
  [kafkajs.CompressionTypes.LZ4]: unpackLz4,
  [kafkajs.CompressionTypes.ZSTD]: unpackZstd,
};
/** A batch says in three bits how it is packed. */
const CODECS = [1, 2, 3, 4, 5, 6, 7];

let isInstalled = false;

/** Lets the client read batches of every codec that Kafka knows. What cannot be unpacked comes as `unreadable` says. */
export function installCodecs(): void {
  if (isInstalled) return;
  isInstalled = true;
  const codecs = kafkajs.CompressionCodecs as unknown as Record<number, () => Codec>;
  for (const number of CODECS) {
    const unpack = UNPACK[number] ?? (() => Promise.reject(new Error(`its codec ${number} is not known here`)));
    const decompress = (packed: Buffer) => unpackOrSayWhy(unpack, packed);
    // Nothing is packed here, but whoever shares the client may do it in the one way that it brings along.
    const own = number === kafkajs.CompressionTypes.GZIP ? codecs[number]?.() : undefined;
    codecs[number] = () => ({ ...own, decompress });
  }
}

/** An error would end the fetch of all partitions, and not say whose it is. */
async function unpackOrSayWhy(unpack: Unpack, packed: Buffer): Promise<Buffer> {
  try {
    const found = await unpack(packed, MAX_UNPACKED_BYTES);
    const bytes = Buffer.from(found.buffer, found.byteOffset, found.byteLength);
    refuseBroken(bytes);
    return bytes;
  } catch (error) {
    return unreadable(messageOf(error));
  }
}

/** Throws unless these are whole records: each begins with its length. */
function refuseBroken(bytes: Buffer): void {
  let at = 0;
  while (at < bytes.length) {
    const { value, end } = lengthAt(bytes, at);
    at = end + value;
    if (value <= 0 || at > bytes.length) throw new Error('its records are not whole');
  }
}

/** A number in base 128, least digits first, whose last bit is its sign. */
function lengthAt(bytes: Buffer, start: number): { value: number; end: number } {
  let [zigzag, at] = [0, start];
  for (let shift = 1; ; shift *= 128) {
    const byte = bytes[at++];
    if (byte === undefined || at - start > 5) throw new Error('its records are not whole');
    zigzag += (byte & 127) * shift;
    if (byte < 128) break;
  }
  return { value: zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2, end: at };
}

async function unpackGzip(packed: Buffer, maxBytes: number): Promise<Uint8Array> {
  try {
    return await promisify(unzip)(packed, { maxOutputLength: maxBytes });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxBytes + 1, maxBytes) : error;
  }
}

/** What Java writes around blocks of Snappy; others write one block and nothing else. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

async function unpackSnappy(packed: Buffer, maxBytes: number): Promise<Uint8Array> {
  const { uncompress } = await import('snappyjs');
  if (!packed.subarray(0, XERIAL.length).equals(XERIAL)) return uncompress(packed, maxBytes);
  const blocks: Buffer[] = [];
  let left = maxBytes;
  for (let at = XERIAL_HEADER_BYTES; at < packed.length; ) {
    const end = at + 4 + packed.readUInt32BE(at);
    if (end > packed.length) throw new Error('a block of Snappy is not whole');
    const block = uncompress(packed.subarray(at + 4, end), left);
    left -= block.length;
    blocks.push(block);
    at = end;
  }
  return Buffer.concat(blocks);
}

const LZ4_BLOCK_CHECKSUMS = 0x10;

async function unpackLz4(packed: Buffer, maxBytes: number): Promise<Uint8Array> {
  const { default: lz4 } = await import('lz4js');
  // The package takes them to lie before the blocks; no client of Kafka writes them.
  if (((packed[4] ?? 0) & LZ4_BLOCK_CHECKSUMS) !== 0) throw new Error('its LZ4 blocks have checksums');
  const bound = Number(lz4.decompressBound(packed));
  if (bound > maxBytes) throw tooLarge(bound, maxBytes);
  return lz4.decompress(packed, bound);
}

async function unpackZstd(packed: Buffer, maxBytes: number): Promise<Uint8Array> {
  const { Decompress } = await import('fzstd');
  const blocks: Uint8Array[] = [];
  let bytes = 0;
  const stream = new Decompress((block) => {
    bytes += block.length;
    if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
    blocks.push(block);
  });
  stream.push(packed, true);
  return Buffer.concat(blocks);
}

function tooLarge(found: number, allowed: number): Error {
  return new Error(`found ${found} bytes or more when unpacked; allowed are ${allowed}`);
}
