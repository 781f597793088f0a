import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readCsvMapping } from './check-csv-mapping.js';

const MAPPING = {
  type: { column: 'Kind', values: { sale: 'order_placed', gift: 'order_placed' } },
  occurred_at: 'Date',
  order_id: 'Order',
  category: 'Größe',
  amount: 'Sum',
  country: { value: 'DE' },
};
const TEXT = JSON.stringify(MAPPING);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-mapping-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(bytes: string | Buffer): Promise<string> {
  const path = join(folder, 'map.json');
  await writeFile(path, bytes);
  return path;
}

it('reads a mapping with a byte order mark and without', async () => {
  for (const text of [TEXT, `\ufeff${TEXT}`]) expect(await readCsvMapping(await written(text))).toEqual(MAPPING);
});

it.each([
  ['Latin-1', Buffer.from(TEXT, 'latin1'), 'found bytes that are not UTF-8; allowed is JSON in UTF-8'],
  ['UTF-16', Buffer.from(`\ufeff${TEXT}`, 'utf16le'), 'found the byte order mark of UTF-16; allowed is JSON in UTF-8'],
  ['half a mapping', TEXT.slice(0, 50), 'found JSON that is not whole'],
  ['nothing', '', 'found no JSON'],
  ['a key twice', TEXT.replace('"amount"', '"amount":"Total","amount"'), 'found the key "amount" more than once'],
  ['a value twice', TEXT.replace('"gift"', '"sale":null,"gift"'), 'found the key "sale" more than once'],
])('refuses %s with the words of every door', async (_, bytes, said) => {
  await expect(readCsvMapping(await written(bytes))).rejects.toThrow(said);
});
