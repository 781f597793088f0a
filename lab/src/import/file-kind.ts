/** Files that are no CSV although people name them in place of one: how they begin, what they are, what to do. */
const KINDS: readonly { readonly magic: string; readonly what: string; readonly todo: string }[] = [
  { magic: 'd0cf11e0a1b11ae1', what: 'an old Excel workbook (.xls)', todo: 'save it as CSV' },
  { magic: '504b0304', what: 'a zip or an Excel workbook inside', todo: 'unpack it first, and save a workbook as CSV' },
  { magic: '1f8b', what: 'a gzip file inside', todo: 'unpack it first' },
  { magic: '255044462d', what: 'a PDF', todo: 'export the table as CSV' },
  { magic: '50415231', what: 'a Parquet file', todo: 'convert it to CSV' },
  { magic: '53514c69746520666f726d6174203300', what: 'a SQLite database', todo: 'export the table as CSV' },
  { magic: '425a68', what: 'a bzip2 file', todo: 'unpack it first, or pack it as .gz or .zip' },
  { magic: 'fd377a585a00', what: 'an xz file', todo: 'unpack it first, or pack it as .gz or .zip' },
  { magic: '28b52ffd', what: 'a zstd file', todo: 'unpack it first, or pack it as .gz or .zip' },
  { magic: '377abcaf271c', what: 'a 7z archive', todo: 'unpack it first, or pack it as .zip' },
  { magic: '526172211a07', what: 'a RAR archive', todo: 'unpack it first, or pack it as .zip' },
];
const TAR_MAGIC_AT = 257;

/** As many bytes as are needed to tell. */
export const KIND_BYTES = 512;

/** What a file is that is no text, and what to do about it; undefined when it may be text. */
export function otherKindOf(start: Buffer): string | undefined {
  const kind = KINDS.find(({ magic }) => start.subarray(0, magic.length / 2).toString('hex') === magic);
  // "BZh" may begin a text; its fourth byte is a digit and its fifth is not printable ASCII.
  if (kind && !(kind.magic === '425a68' && start[4] !== 0x31)) return `${kind.what}; allowed is a CSV: ${kind.todo}`;
  if (start.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + 5).toString('latin1') === 'ustar') {
    return 'a tar archive; allowed is a CSV: unpack it first, or pack it as .zip';
  }
  return undefined;
}
