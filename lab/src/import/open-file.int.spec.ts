import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openFile } from './open-file.js';
import { readTable } from './read-table.js';
import { zipOf } from './testing/zip-of.js';

const CSV = 'a,b\n1,"two\nlines"\n3,4\n';
const NOBODY = 65_534;
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

/** Root may read everything: as root it is done with the rights of another account. */
async function asNobody(act: () => Promise<void>): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    await chmod(folder, 0o755);
    process.seteuid?.(NOBODY);
  }
  try {
    await act();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
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

  it('is read from a named pipe, and a zip in one is refused', async () => {
    const path = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [path]);
    const feed = async (content: string | Buffer) => {
      const [result] = await Promise.allSettled([rowsOf(path), writeFile(path, content)]);
      return result;
    };
    expect(await feed(gzipSync(CSV))).toMatchObject({
      value: [
        ['1', 'two\nlines'],
        ['3', '4'],
      ],
    });
    expect(await feed(zipOf({ 'a.csv': CSV }))).toMatchObject({
      reason: { message: expect.stringMatching(/a zip that comes through a pipe; allowed is a zip as a file/) },
    });
  });

  it('is refused when this user may not read it', async () => {
    const path = await fileOf(CSV, 'secret.csv');
    await chmod(path, 0);
    await asNobody(async () => {
      await expect(openFile(path)).rejects.toThrow(/found .*secret\.csv": it may not be read by this user; allowed is/);
    });
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
