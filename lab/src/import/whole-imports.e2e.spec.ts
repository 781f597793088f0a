import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import iconv from 'iconv-lite';
import { inheritedEnvironment } from '../testing/config.js';
import { TandemClient } from '../testing/tandem-client.js';
import { newDataFolder, removeDataFolder, startTandem, type TandemProcess } from '../testing/tandem-process.js';
import { COMMANDS, ImportScene, NO_DATA_FOLDER } from './testing/import-scene.js';
import { zipOf } from './testing/zip-of.js';

// Whole processes start here; on a busy machine that takes a while.
jest.setTimeout(120_000);

type Case = {
  readonly name: string;
  /** Rows below the header; with another header where a mapping reads other columns. */
  readonly content: string | Uint8Array;
  readonly mapping?: object;
  readonly parameters?: readonly string[];
  /** Revenue by category. */
  readonly revenue: Readonly<Record<string, number>>;
  readonly code?: number;
  readonly says?: RegExp;
};

const HEADER = 'Order,Date,Group,Amount';
const DAY = '2026-02-01 08:15';
const dateFormat = (format: string, more: object = {}) => ({ occurred_at: { column: 'Date', format }, ...more });
const BY_KIND = {
  type: { column: 'Kind', values: { sale: 'order_placed', return: 'order_refunded' } },
  amount: { multiply: ['Quantity', 'Price'] },
  quantity: 'Quantity',
};
const BY_SIGN = { type: { sign: { positive: 'order_placed', negative: 'order_refunded' } } };

const CASES: readonly Case[] = [
  {
    name: 'returns with a minus',
    content: `Order,Date,Kind,Group,Quantity,Price\n1,${DAY},sale,a,4,25.00\n1,${DAY},return,a,-2,25.00\n2,${DAY},sale,b,1,50\n`,
    mapping: BY_KIND,
    revenue: { a: 50, b: 50 },
  },
  {
    name: 'returns that only the sign tells',
    content: `${HEADER}\n1,${DAY},a,100\n2,${DAY},a,(30)\n3,${DAY},a,20-\n4,${DAY},a,0\n`,
    mapping: BY_SIGN,
    revenue: { a: 50 },
  },
  {
    name: 'a return in a file of sales',
    content: `${HEADER}\n1,${DAY},a,100\n2,${DAY},a,-30\n`,
    revenue: { a: 100 },
    code: 1,
    says: /amount: allowed is an amount from 0 for order_placed: where a minus means a return, give "type": \{"sign"/,
  },
  {
    name: 'names of months',
    content: `${HEADER}\n1,01-Feb-2026,a,1\n2,3-March-2026,a,2\n`,
    mapping: dateFormat('D-MMM-YYYY'),
    revenue: { a: 3 },
  },
  {
    name: 'hours as the French write them',
    content: `${HEADER}\n1,01/02/2026 14h30,a,1\n`,
    mapping: dateFormat('DD/MM/YYYY HHhmm'),
    revenue: { a: 1 },
  },
  {
    name: 'words in dates',
    content: `${HEADER}\n1,1. Februar 2026 um 08:15 Uhr,a,1\n`,
    mapping: dateFormat('D. MMMM YYYY um HH:mm Uhr', { locale: 'de', timezone: 'Europe/Berlin' }),
    revenue: { a: 1 },
  },
  {
    name: 'a date format that has a part twice',
    content: `${HEADER}\n1,2026-02-01 08:15,a,1\n`,
    mapping: dateFormat('YYYY-MM-DD HH:MM'),
    revenue: {},
    code: 1,
    says: /^import: \S+map.json is not a mapping .*found the month twice, as MM and MM.*of the parts YYYY [^\n]*\n$/,
  },
  {
    name: 'days of a spreadsheet',
    content: `${HEADER}\n1,46054.34375,a,1\n`,
    mapping: dateFormat('excel'),
    revenue: { a: 1 },
  },
  {
    name: 'amounts of a shop',
    content: `Order;Date;Group;Amount\n1;${DAY};a;1.234,50 €\n2;${DAY};a;EUR 5\n3;${DAY};a;5 kr\n4;${DAY};a;,5\n`,
    mapping: { delimiter: ';', decimal: ',' },
    revenue: { a: 1245 },
    says: /note: amounts are written with €, EUR, kr: they are added as they stand/,
  },
  {
    name: 'an amount that may be either',
    content: `${HEADER}\n1,${DAY},a,"1,234"\n2,${DAY},a,1.5\n`,
    revenue: { a: 1.5 },
    code: 1,
    says: /amount: allowed is a decimal like 1,234\.50; where a comma stands before the decimals give "decimal": ","/,
  },
  {
    name: 'a product that would need rounding',
    content: `Order,Date,Kind,Group,Quantity,Price\n1,${DAY},sale,a,3,0.33333\n`,
    mapping: BY_KIND,
    revenue: {},
    code: 1,
    says: /amount: allowed are at most 4 decimals: nothing is rounded here/,
  },
  {
    name: 'the letters of Windows',
    content: iconv.encode(
      `Order;Date;Group;Amount\n1;${DAY};Kaffee – Bar;€ 1,50\n2;${DAY};Müller’s;2,00 €\n`,
      'cp1252',
    ),
    mapping: { delimiter: ';', decimal_comma: true, encoding: 'latin1' },
    revenue: { 'Kaffee – Bar': 1.5, 'Müller’s': 2 },
  },
  {
    name: 'a delimiter and letters that the command line names',
    content: iconv.encode(`Order\tDate\tGroup\tAmount\n1\t${DAY}\tTörtchen\t1\n`, 'cp850'),
    parameters: ['--encoding', 'cp850', '--delimiter', 'tab'],
    revenue: { Törtchen: 1 },
  },
  {
    name: 'a line that says the delimiter',
    content: `sep=|\r\nOrder|Date|Group|Amount\r\n1|${DAY}|a|1\r\n`,
    parameters: ['--delimiter', ';'],
    revenue: { a: 1 },
  },
  {
    name: 'lines that end in several ways',
    content: `${HEADER}\r\n1,${DAY},a,1\n2,${DAY},a,2\r3,${DAY},a,4`,
    revenue: { a: 7 },
  },
  {
    name: 'a needed column that is there twice',
    content: `Order,Date,Group,Amount,VAT,Amount\n1,${DAY},a,10,1.90,11.90\n`,
    revenue: {},
    code: 1,
    says: /^import: found the column "Amount" 2 times, as columns 4 and 6; [^\n]*\n$/,
  },
  {
    name: 'a zip of two months',
    content: zipOf({ '2.csv': `${HEADER}\n2,${DAY},b,2\n`, '1.csv': `${HEADER}\n1,${DAY},a,1\n` }),
    revenue: { a: 1, b: 2 },
  },
  {
    name: 'one month of a zip of two',
    content: zipOf({ '2.csv': `${HEADER}\n2,${DAY},b,2\n`, '1.csv': `${HEADER}\n1,${DAY},a,1\n` }),
    parameters: ['--entry', '2.csv'],
    revenue: { b: 2 },
  },
  {
    name: 'two equal rows',
    content: `${HEADER}\n1,${DAY},a,1\n1,${DAY},a,1.00\n`,
    revenue: { a: 2 },
    says: /note: 1 rows? gives? the same event as a row before/,
  },
  {
    name: 'two equal rows that are one',
    content: `${HEADER}\n1,${DAY},a,1\n1,${DAY},a,1.00\n`,
    mapping: { equal_rows: 'once' },
    revenue: { a: 1 },
    says: /new {12}1\n {2}already there {2}1 /,
  },
];

describe('a file of sales, imported as a user does', () => {
  let dataFolder: string;
  let tandem: TandemProcess;
  let client: TandemClient;
  let scene: ImportScene;

  beforeAll(async () => {
    dataFolder = await newDataFolder();
    tandem = await startTandem({ dataFolder });
    client = new TandemClient(tandem.url);
    scene = await ImportScene.open();
  });
  afterAll(async () => {
    await scene?.close();
    await tandem?.stop();
    await removeDataFolder(dataFolder);
  });

  /** The case's name is its country, so that its numbers can be told apart. */
  async function importCase({ name, content, mapping = {}, parameters = [] }: Case) {
    const fields = { occurred_at: 'Date', order_id: 'Order', category: 'Group', amount: 'Amount' };
    await scene.write('sales.csv', content);
    await scene.write('map.json', { type: 'order_placed', ...fields, country: { value: name }, ...mapping });
    return scene.run(['csv', scene.at('sales.csv'), '--map', scene.at('map.json'), '--url', tandem.url, ...parameters]);
  }

  async function revenueOf(name: string): Promise<Record<string, unknown>> {
    await client.untilCaughtUp();
    const { body } = await client.get(`/metrics/revenue?group_by=category&country=${encodeURIComponent(name)}`);
    const { groups } = body as { groups: { category: string; merged: { revenue: number } }[] };
    return Object.fromEntries(groups.map(({ category, merged }) => [category, merged.revenue]));
  }

  it.each(CASES)('has the right revenue, and again when it comes twice: $name', async (one) => {
    const { code, output } = await importCase(one);
    expect(output).not.toMatch(/^\s+at /m);
    expect(code).toBe(one.code ?? 0);
    if (one.says) expect(output).toMatch(one.says);
    expect(await revenueOf(one.name)).toEqual(one.revenue);
    const again = await importCase(one);
    if (Object.keys(one.revenue).length > 0) expect(again.output).toMatch(/new {12}0\n/);
    expect(await revenueOf(one.name)).toEqual(one.revenue);
  });

  it('is found in the folder where the command is given, by npm or without', async () => {
    await importCase({ name: 'relative', content: `${HEADER}\n1,${DAY},a,1\n`, revenue: {} });
    const words = ['csv', 'sales.csv', '--map', './map.json', '--url', tandem.url];
    const program = scene.start(words);
    expect([await program.ended, program.output]).toEqual([
      { code: 0, signal: null },
      expect.stringMatching(/events sent {6}1\n {2}new {12}0\n/),
    ]);
    const [{ code }, output] = await fromFolder(scene.folder, words);
    expect([code, output]).toEqual([0, expect.stringMatching(/already there {2}1 /)]);
  });

  it('goes in also when who reads what is printed goes after the first line, as head does', async () => {
    const csv = `${HEADER}\n1,${DAY},a,1\n`;
    await importCase({ name: 'head', content: zipOf({ '1.csv': csv, '2.csv': csv.replace('1,', '2,') }), revenue: {} });
    const words = ['csv', scene.at('sales.csv'), '--map', scene.at('map.json'), '--url', tandem.url];
    expect(await leftAfterFirstLine(words)).toEqual({ code: 0, stderr: '' });
  });
});

/** Runs the command as it is, without npm, in a folder. */
async function fromFolder(folder: string, words: readonly string[]) {
  // Left over from an npm that has called something else.
  const environment = { ...inheritedEnvironment(), INIT_CWD: tmpdir() };
  const child = spawn(process.execPath, [COMMANDS, 'import', ...words], {
    cwd: folder,
    env: { ...environment, DATA_DIR: NO_DATA_FOLDER },
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return [{ code }, output] as const;
}

async function leftAfterFirstLine(words: readonly string[]) {
  const child = spawn(process.execPath, [COMMANDS, 'import', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inheritedEnvironment(), DATA_DIR: NO_DATA_FOLDER },
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { code, stderr };
}
