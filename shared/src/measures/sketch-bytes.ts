import { DistinctSketch } from './distinct-sketch.js';

/** A sketch at rest: its smallest hashes ascending, 7 bytes each, big-endian, the top 4 bits zero. */
export const BYTES_PER_HASH = 7;

const HIGH_FACTOR = 2 ** 32;

export function encodeSketch(sketch: DistinctSketch): Buffer {
  const hashes = sketch.smallest();
  const bytes = Buffer.alloc(hashes.length * BYTES_PER_HASH);
  hashes.forEach((value, index) => {
    bytes.writeUIntBE(Math.floor(value / HIGH_FACTOR), index * BYTES_PER_HASH, 3);
    bytes.writeUInt32BE(value % HIGH_FACTOR, index * BYTES_PER_HASH + 3);
  });
  return bytes;
}

/** The sketch of encoded bytes; null (no value seen) gives the empty sketch. Throws on a length that is no multiple of 7. */
export function decodeSketch(bytes: Buffer | null): DistinctSketch {
  const sketch = new DistinctSketch();
  if (bytes === null) return sketch;
  if (bytes.length % BYTES_PER_HASH !== 0)
    throw new RangeError(`found a sketch of ${bytes.length} bytes; allowed are multiples of ${BYTES_PER_HASH}`);
  for (let at = 0; at < bytes.length; at += BYTES_PER_HASH) {
    sketch.add(bytes.readUIntBE(at, 3) * HIGH_FACTOR + bytes.readUInt32BE(at + 3));
  }
  return sketch;
}
