import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import iconv from 'iconv-lite';
import { findColumns } from './columns.js';
import { type OpenOptions, openFile } from './open-file.js';
import type { TableOptions } from './part-table.js';
import { readTable } from './read-table.js';
import { placeOf } from './row.js';
import { type ZipForm, zipOf } from './testing/zip-of.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-read-table-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(content: string | Buffer, options: TableOptions & OpenOptions = {}) {
  const path = join(folder, 'file.csv');
  await writeFile(path, content);
  const table = await readTable(await openFile(path, options), options);
  const rows: string[] = [];
  for await (const batch of table.batches) {
    for (const row of batch) rows.push(`${placeOf(row)}: ${row.cells.join('|')}`);
  }
  return { header: table.header.join('|'), rows };
}

describe('the rows of a table', () => {
  it.each([
    ['CRLF, then LF', 'a,b\r\n1,2\n3,4\r\n', ['2: 1|2', '3: 3|4']],
    ['LF, then CRLF', 'a,b\n1,2\r\n3,4', ['2: 1|2', '3: 3|4']],
    ['CR alone', 'a,b\r1,2\r3,4\r', ['2: 1|2', '3: 3|4']],
    ['all three, and blank lines', 'a,b\r\n\r\n1,2\r\r3,4\n\n', ['3: 1|2', '5: 3|4']],
    ['line ends within quotes, as they are', 'a,b\r\n"x\r\ny\nz",2\r\n3,4', ['2: x\r\ny\nz|2', '5: 3|4']],
    ['delimiters at the end of each row', 'a,b,,\n1,2,,\n3,4\n5,6,,,', ['2: 1|2', '3: 3|4', '4: 5|6']],
    ['rows of nothing but delimiters', ',\na,b\n,\n1,2\n,\n', ['4: 1|2']],
    ['a line that says the delimiter', 'sep=;\r\na;b\r\n1;2', ['3: 1|2']],
    ['a mark before a quoted name', '\ufeff"a","b"\n1,2', ['2: 1|2']],
    ['rows that are too short or too long', 'a,b\n1\n1,2,3', ['2: 1', '3: 1|2|3']],
    ['names with spaces around', ' a , b\n1,2', ['2: 1|2']],
    ['quotes in the middle of a cell', 'a,b\n5" pipe,"say ""x"""', ['2: 5" pipe|say "x"']],
    ['no rows', 'a,b', []],
  ])('are right with %s', async (_, text, rows) => {
    expect(await read(text)).toEqual({ header: 'a|b', rows });
  });

  it('are the same wherever the file is cut into pieces', async () => {
    const bytes = Buffer.from('a,b\r\n"é€😀\r\n",2\r\n3,4\r5,6\n');
    const whole = await read(bytes);
    for (let at = 1; at < bytes.length; at++) {
      const stdin = Readable.from([bytes.subarray(0, at), bytes.subarray(at)], { objectMode: false });
      const table = await readTable(await openFile('-', { stdin }));
      const rows: string[] = [];
      for await (const batch of table.batches)
        for (const row of batch) rows.push(`${row.number}: ${row.cells.join('|')}`);
      expect(rows).toEqual(whole.rows);
    }
  });

  it.each([
    ['a quote that is never closed', 'a,b\n1,2\n3,"x\n4,5', /row 3: .*a quote in it that is not closed/],
    ['an empty file', '', /found an empty file/],
    ['blank lines only', '\n\r\n,,\n', /found an empty file/],
    ['a PDF', '%PDF-1.7 x', /found a PDF; allowed is a CSV/],
    ['an old workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), /old Excel workbook.*save it as CSV/],
    ['a Parquet file', 'PAR1xxxx', /found a Parquet file/],
    ['a zip in a gzip file', gzipSync(zipOf({ 'a.csv': 'a\n' })), /found a zip or an Excel workbook inside/],
    ['a gzip file that is cut off', gzipSync('a,b\n1,2\n'.repeat(99)).subarray(0, -9), /end of packed data too early/],
  ])('are refused with %s', async (_, content, message) => {
    await expect(read(content)).rejects.toThrow(message);
  });

  it('are read from a gzip file of several members', async () => {
    const members = Buffer.concat([gzipSync('a,b\n1,2\n'), gzipSync('3,4\n')]);
    expect((await read(members)).rows).toEqual(['2: 1|2', '3: 3|4']);
  });
});

describe('the encoding of a table', () => {
  const TEXT = 'a,b\nMüller’s – 5 €,2\n';
  const ROWS = ['2: Müller’s – 5 €|2'];

  it.each([
    ['windows-1252', iconv.encode(TEXT, 'windows-1252')],
    ['latin1', iconv.encode(TEXT, 'windows-1252')],
    ['ISO-8859-1', iconv.encode(TEXT, 'windows-1252')],
    ['utf-16le', iconv.encode(TEXT, 'utf-16le')],
    ['utf-16be', iconv.encode(TEXT, 'utf-16be')],
    ['utf-16', iconv.encode(TEXT, 'utf-16be')],
    ['utf-16', iconv.encode(TEXT, 'utf-16le', { addBOM: true })],
    [undefined, iconv.encode(TEXT, 'utf8', { addBOM: true })],
    [undefined, iconv.encode(TEXT, 'utf-16le', { addBOM: true })],
    [undefined, iconv.encode(TEXT, 'utf-16be', { addBOM: true })],
  ])('is read: %s', async (encoding, bytes) => {
    expect((await read(bytes, { encoding })).rows).toEqual(ROWS);
  });

  it.each([
    ['Windows', iconv.encode(TEXT, 'windows-1252'), undefined, /line 2: found the byte 0xFC.*--encoding windows-1252/],
    ['DOS', iconv.encode('a,b\n1,ü', 'cp850'), undefined, /line 2: found the byte 0x81.*--encoding cp850/],
    ['UTF-16', iconv.encode(TEXT, 'utf-16le'), undefined, /zero bytes as UTF-16.*--encoding utf-16le/],
    ['UTF-16, big end first', iconv.encode(TEXT, 'utf-16be'), undefined, /--encoding utf-16be/],
    ['half a character at the end', Buffer.from('a,b\n1,€').subarray(0, -1), undefined, /line 2: found the byte 0xE2/],
    ['half a unit', iconv.encode(TEXT, 'utf-16le').subarray(0, -1), 'utf-16le', /half a character at the end/],
    [
      'another mark',
      iconv.encode(TEXT, 'utf8', { addBOM: true }),
      'latin1',
      /byte order mark of utf8, and the encoding/,
    ],
    [
      'a fault far below',
      Buffer.concat([Buffer.from(`a,b\r\n${'é,2\r\n'.repeat(50_000)}`), Buffer.from([0x96])]),
      undefined,
      /line 50002: found the byte 0x96/,
    ],
  ])('is refused, with the right hint: %s', async (_, bytes, encoding, message) => {
    await expect(read(bytes, { encoding })).rejects.toThrow(message);
  });
});

describe('a zip', () => {
  const [JANUARY, FEBRUARY] = ['a,b\n1,2\n', 'a,b\n3,4\n'];

  it('is read file by file, in the order of their names', async () => {
    const zip = zipOf({ '2026-02.csv': FEBRUARY, 'readme.txt': 'x', '2026-01.csv': JANUARY, '__MACOSX/._a.csv': 'x' });
    expect((await read(zip)).rows).toEqual(['2 of 2026-01.csv: 1|2', '2 of 2026-02.csv: 3|4']);
    expect((await openFile(join(folder, 'file.csv'))).notes).toEqual([
      'reads 2 files of the zip in this order: 2026-01.csv, 2026-02.csv',
      'leaves out of the zip what is no .csv: readme.txt',
    ]);
    expect((await read(zip, { entry: '2026-02.csv' })).rows).toEqual(['2 of 2026-02.csv: 3|4']);
    await expect(read(zip, { entry: 'x.csv' })).rejects.toThrow(/--entry: found no x\.csv.*2026-02\.csv, readme\.txt/);
  });

  it.each<[string, ZipForm]>([
    ['with sizes behind the data', { hasDescriptors: true }],
    ['with sizes in 64 bits', { isZip64: true }],
    ['with both', { hasDescriptors: true, isZip64: true }],
    ['with names as DOS wrote them', { encodeName: (name) => iconv.encode(name, 'cp437') }],
  ])('is read %s', async (_, form) => {
    const zip = zipOf({ 'Umsätze.csv': JANUARY, 'b.csv': FEBRUARY }, form);
    expect((await read(zip)).rows).toEqual(['2 of Umsätze.csv: 1|2', '2 of b.csv: 3|4']);
    expect((await read(zip, { entry: 'Umsätze.csv' })).rows).toEqual(['2 of Umsätze.csv: 1|2']);
  });

  it('may hold the columns in another order, not other columns', async () => {
    expect((await read(zipOf({ '1.csv': JANUARY, '2.csv': 'b,a\n4,3\n' }))).rows[1]).toBe('2 of 2.csv: 3|4');
    await expect(read(zipOf({ '1.csv': JANUARY, '2.csv': 'a,c\n4,3\n' }))).rejects.toThrow(
      /2\.csv: found the columns a, c; allowed are those of the first file/,
    );
  });

  it.each([
    [
      'encrypted',
      (zip: Buffer) => setInHeaders(setInHeaders(zip, 8, 8), 6, 1),
      /found a\.csv .*encrypted; .*unpack it first/,
    ],
    ['packed by deflate64', (zip: Buffer) => setInHeaders(zip, 8, 9), /a\.csv .*method 9 \(deflate64\)/],
    ['packed by zstd', (zip: Buffer) => setInHeaders(zip, 8, 93), /method 93 \(zstd\)/],
    ['encrypted by AES', (zip: Buffer) => setInHeaders(zip, 8, 99), /encrypted/],
    ['strongly encrypted', (zip: Buffer) => setInHeaders(zip, 6, 0x41), /encrypted/],
    ['cut off', (zip: Buffer) => zip.subarray(0, -5), /a zip that cannot be opened or is damaged/],
    [
      'changed on the way',
      (zip: Buffer) => Buffer.from(zip.toString('latin1').replace('1,2', '1,3'), 'latin1'),
      /its checksum/,
    ],
  ])('is refused in one sentence when it is %s', async (_, change, message) => {
    await expect(read(change(zipOf({ 'a.csv': JANUARY })))).rejects.toThrow(message);
  });

  it('is refused when it is a workbook, or empty', async () => {
    await expect(read(zipOf({ '[Content_Types].xml': 'x', 'xl/workbook.xml': 'x' }))).rejects.toThrow(
      /it is an Excel workbook; allowed is a CSV/,
    );
    await expect(read(zipOf({}))).rejects.toThrow(/found nothing in/);
  });
});

/** Sets 16 bits of the flags (6) or the method (8), counted as in the local header, in both headers of a lone entry. */
function setInHeaders(zip: Buffer, at: number, value: number): Buffer {
  zip.writeUInt16LE(value, at);
  zip.writeUInt16LE(value, zip.indexOf(Buffer.from('PK\x01\x02')) + at + 2);
  return zip;
}

describe('the columns that are needed', () => {
  it.each([
    ['there twice', ['a', 'b', 'a'], /the column "a" 2 times, as columns 1 and 3/],
    ['there twice but for spaces', ['a ', ' a'], /the column "a" 2 times/],
    ['in one with another delimiter', ['a;b;c'], /give --delimiter ";"/],
  ])('are refused when they are %s', (_, header, message) => {
    expect(() => findColumns(header, { a: ['a'] })).toThrow(message);
  });

  it('are found beside blank and double names that are not', () => {
    expect(findColumns(['x', '', ' a', 'x', ''], { a: ['a '] })).toEqual({ a: 2 });
  });
});
