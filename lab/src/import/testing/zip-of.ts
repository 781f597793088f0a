const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_OF_CENTRAL = 0x06054b50;
const VERSION = 20;

/** A zip of files that are stored as they are: enough of the format for a test. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text);
    const common = commonFields(name, bytes);
    const local = Buffer.concat([uint32(LOCAL_HEADER), common, Buffer.from(name), bytes]);
    const attributes = Buffer.alloc(10);
    centrals.push(
      Buffer.concat([uint32(CENTRAL_HEADER), uint16(VERSION), common, attributes, uint32(offset), Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(centrals);
  const counts = [uint16(0), uint16(0), uint16(centrals.length), uint16(centrals.length)];
  return Buffer.concat([
    ...locals,
    central,
    uint32(END_OF_CENTRAL),
    ...counts,
    uint32(central.length),
    uint32(offset),
    uint16(0),
  ]);
}

/** Version, flags, method (stored), time, date, checksum, sizes, length of the name and of the extra field. */
function commonFields(name: string, bytes: Buffer): Buffer {
  const fixed = [uint16(VERSION), uint16(0), uint16(0), uint16(0), uint16(0x21)];
  const sizes = [uint32(bytes.length), uint32(bytes.length), uint16(Buffer.byteLength(name)), uint16(0)];
  return Buffer.concat([...fixed, uint32(crc32(bytes)), ...sizes]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
