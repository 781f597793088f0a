import { crc32 } from 'node:zlib';

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const DESCRIPTOR = 0x08074b50;
const END_OF_CENTRAL = 0x06054b50;
const ZIP64_END = 0x06064b50;
const ZIP64_LOCATOR = 0x07064b50;
const VERSION = 20;
const SIZES_FOLLOW = 0x08;
const NAMES_ARE_UTF8 = 0x800;
const ZIP64_EXTRA = 1;
const IN_EXTRA = 0xffffffff;

export type ZipForm = {
  /** Sizes and checksum come behind the data, as programs write that do not know them before. */
  readonly hasDescriptors?: boolean;
  /** Sizes and places stand in 64 bits, as in zips of more than 4 GB. */
  readonly isZip64?: boolean;
  /** How names are written where they are not UTF-8. */
  readonly encodeName?: (name: string) => Buffer;
};

/** A zip of files that are stored as they are: enough of the format for a test. */
export function zipOf(files: Readonly<Record<string, string>>, form: ZipForm = {}): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [text, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const name = form.encodeName?.(text) ?? Buffer.from(text);
    const sums = [uint32(crc32(bytes)), uint32(bytes.length), uint32(bytes.length)];
    const descriptor = form.hasDescriptors ? [uint32(DESCRIPTOR), ...sums] : [];
    const localSums = form.hasDescriptors ? [uint32(0), uint32(0), uint32(0)] : sums;
    const local = [uint32(LOCAL_HEADER), ...commonFields(form), ...localSums, uint16(name.length), uint16(0)];
    const entry = Buffer.concat([...local, name, bytes, ...descriptor]);
    centrals.push(centralOf(name, bytes, offset, form));
    locals.push(entry);
    offset += entry.length;
  }
  return Buffer.concat([...locals, ...centrals, endOf(centrals, offset, form)]);
}

/** Version, flags, method (stored), time, date. */
function commonFields({ hasDescriptors, encodeName }: ZipForm): Buffer[] {
  const flags = (hasDescriptors ? SIZES_FOLLOW : 0) + (encodeName ? 0 : NAMES_ARE_UTF8);
  return [uint16(VERSION), uint16(flags), uint16(0), uint16(0), uint16(0x21)];
}

function centralOf(name: Buffer, bytes: Buffer, offset: number, form: ZipForm): Buffer {
  const large = [uint64(bytes.length), uint64(bytes.length), uint64(offset)];
  const extra = form.isZip64 ? Buffer.concat([uint16(ZIP64_EXTRA), uint16(24), ...large]) : Buffer.alloc(0);
  const small = (value: number) => uint32(form.isZip64 ? IN_EXTRA : value);
  const sums = [uint32(crc32(bytes)), small(bytes.length), small(bytes.length)];
  // No comment, first disk, no attributes.
  const attributes = Buffer.alloc(10);
  const lengths = [uint16(name.length), uint16(extra.length)];
  const fields = [...commonFields(form), ...sums, ...lengths, attributes, small(offset)];
  return Buffer.concat([uint32(CENTRAL_HEADER), uint16(VERSION), ...fields, name, extra]);
}

function endOf(centrals: readonly Buffer[], offset: number, { isZip64 }: ZipForm): Buffer {
  const size = centrals.reduce((sum, { length }) => sum + length, 0);
  const count = centrals.length;
  const disks = [uint16(0), uint16(0)];
  if (!isZip64) {
    const counts = [uint16(count), uint16(count)];
    return Buffer.concat([uint32(END_OF_CENTRAL), ...disks, ...counts, uint32(size), uint32(offset), uint16(0)]);
  }
  const versions = [uint16(45), uint16(45), uint32(0), uint32(0)];
  const large = [
    uint32(ZIP64_END),
    uint64(44),
    ...versions,
    uint64(count),
    uint64(count),
    uint64(size),
    uint64(offset),
  ];
  const locator = [uint32(ZIP64_LOCATOR), uint32(0), uint64(offset + size), uint32(1)];
  const places = [uint16(0xffff), uint16(0xffff), uint32(IN_EXTRA), uint32(IN_EXTRA), uint16(0)];
  return Buffer.concat([...large, ...locator, uint32(END_OF_CENTRAL), ...disks, ...places]);
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

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
