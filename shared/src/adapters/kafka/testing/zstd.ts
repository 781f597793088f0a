const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** One segment, whose size follows in 4 bytes; no checksum. */
const DESCRIPTOR = 0xa0;
const MAX_BLOCK_BYTES = 128 * 1024;

/** A codec for the Kafka client that writes Zstandard frames (RFC 8878) of stored blocks, and reads none. */
export function storedAsZstd() {
  return {
    compress: async ({ buffer }: { readonly buffer: Buffer }) => frameOf(buffer),
    decompress: () => Promise.reject<never>(new Error('Zstandard is not known here')),
  };
}

function frameOf(content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  const parts: Uint8Array[] = [Buffer.from([...MAGIC, DESCRIPTOR]), size];
  for (let at = 0; at < content.length; at += MAX_BLOCK_BYTES) {
    const block = content.subarray(at, at + MAX_BLOCK_BYTES);
    const header = Buffer.alloc(3);
    const isLast = at + MAX_BLOCK_BYTES >= content.length ? 1 : 0;
    header.writeUIntLE(block.length * 8 + isLast, 0, 3);
    parts.push(header, block);
  }
  return Buffer.concat(parts);
}
