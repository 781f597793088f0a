/** The names that a mapping or `--encoding` may give, in small letters, and what the decoder calls each. */
const DECODER_NAMES: Readonly<Record<string, string>> = {
  utf8: 'utf8',
  'utf-8': 'utf8',
  'utf-16': 'utf-16',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
  // As browsers do: files that are called latin-1 have the dashes, quotes and euro sign of Windows at 0x80 to 0x9F.
  latin1: 'windows-1252',
  'latin-1': 'windows-1252',
  'iso-8859-1': 'windows-1252',
  cp1252: 'windows-1252',
  'windows-1252': 'windows-1252',
  'windows-1250': 'windows-1250',
  'windows-1251': 'windows-1251',
  'windows-1253': 'windows-1253',
  'windows-1254': 'windows-1254',
  'windows-1257': 'windows-1257',
  'iso-8859-2': 'iso-8859-2',
  'iso-8859-5': 'iso-8859-5',
  'iso-8859-7': 'iso-8859-7',
  'iso-8859-9': 'windows-1254',
  'iso-8859-15': 'iso-8859-15',
  cp437: 'cp437',
  cp850: 'cp850',
  cp852: 'cp852',
  cp866: 'cp866',
  macroman: 'macroman',
  macintosh: 'macroman',
  'koi8-r': 'koi8-r',
  shift_jis: 'shift_jis',
  'euc-jp': 'euc-jp',
  'euc-kr': 'euc-kr',
  gbk: 'gbk',
  gb18030: 'gb18030',
  big5: 'big5',
};

export const ENCODINGS: readonly string[] = Object.keys(DECODER_NAMES);

/** What the decoder calls an encoding; undefined for a name that is not allowed. Capitals do not matter. */
export function decoderNameOf(name: string): string | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(DECODER_NAMES, key) ? DECODER_NAMES[key] : undefined;
}

const BYTE_ORDER_MARKS = [
  { name: 'utf8', bytes: Buffer.from([0xef, 0xbb, 0xbf]) },
  { name: 'utf-16le', bytes: Buffer.from([0xff, 0xfe]) },
  { name: 'utf-16be', bytes: Buffer.from([0xfe, 0xff]) },
] as const;

/** The byte order mark that a text begins with. */
export function byteOrderMarkOf(start: Buffer): { readonly name: string; readonly length: number } | undefined {
  const found = BYTE_ORDER_MARKS.find(({ bytes }) => start.subarray(0, bytes.length).equals(bytes));
  return found && { name: found.name, length: found.bytes.length };
}

/** UTF-16 without a mark shows in its zero bytes: the high halves of what is ASCII. Undefined when there are none. */
export function utf16Order(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  let even = 0;
  let odd = 0;
  for (let index = 0; index < bytes.length; index++) {
    if (bytes[index] !== 0) continue;
    if (index % 2 === 0) even++;
    else odd++;
  }
  if (even + odd === 0 || (even + odd) * 5 < bytes.length) return undefined;
  return odd >= even ? 'utf-16le' : 'utf-16be';
}

/** What to try for bytes that are no UTF-8: the Windows letters, unless a byte stands there that they leave empty. */
export function likelyEncoding(bytes: Buffer): string {
  const leftEmpty = [0x81, 0x8d, 0x8f, 0x90, 0x9d];
  return bytes.some((byte) => leftEmpty.includes(byte)) ? 'cp850' : 'windows-1252';
}
