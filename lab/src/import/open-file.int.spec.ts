import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openFile } from './open-file.js';
import { readTable } from './read-table.js';
import { zipOf } from './testing/zip-of.js';

const CSV = 'a,b\n1,"two\nlines"\n3,4\n';
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-open-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(content: string | Buffer, name = 'file.csv'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function rowsOf(path: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  const table = await readTable(await openFile(path));
  for await (const batch of table.batches) rows.push(...batch.map(({ cells }) => cells));
  return rows;
}

describe('a file', () => {
  it.each([
    ['plain', CSV],
    ['gzip, whatever it is called', gzipSync(CSV)],
    ['zip, whatever it is called', zipOf({ 'readme.txt': 'no', 'folder/log.CSV': CSV })],
  ])('is read when it is %s', async (_, content) => {
    expect(await rowsOf(await fileOf(content))).toEqual([
      ['1', 'two\nlines'],
      ['3', '4'],
    ]);
  });

  it('says how much of it there is and was read', async () => {
    for (const content of [CSV, gzipSync(CSV), zipOf({ 'a.csv': CSV })]) {
      const file = await openFile(await fileOf(content));
      for (const part of file.parts) await text(await part.open());
      expect(file.readBytes()).toBe(file.totalBytes);
      expect(file.totalBytes).toBeGreaterThan(0);
    }
  });

  it('is refused when there is none', async () => {
    await expect(openFile(join(folder, 'none.csv'))).rejects.toThrow(/none\.csv": there is no such file/);
    await expect(openFile(folder)).rejects.toThrow(/it is a folder/);
  });

  it('is refused when a zip holds no CSV, naming what it holds', async () => {
    const path = await fileOf(zipOf({ 'Online Retail.xlsx': 'x' }));
    await expect(openFile(path)).rejects.toThrow(/found Online Retail\.xlsx in .*save a spreadsheet as CSV/);
  });

  it('is refused where it is cut off', async () => {
    await expect(rowsOf(await fileOf(gzipSync(CSV.repeat(1000)).subarray(0, 60)))).rejects.toThrow(/cannot be read on/);
    await expect(rowsOf(await fileOf(zipOf({ 'a.csv': CSV }).subarray(0, 40)))).rejects.toThrow(
      /a zip that cannot be opened/,
    );
  });

  it('is refused when it is empty', async () => {
    await expect(rowsOf(await fileOf(''))).rejects.toThrow(/found an empty file/);
  });

  it('is refused, not held in memory, where a quote is never closed', async () => {
    const endless = `a,b\n1,"${'x'.repeat(3_000_000)}`;
    await expect(rowsOf(await fileOf(endless))).rejects.toThrow(/row 2: the file cannot be read on/);
  });
});
