import { type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdtemp, open as openFileHandle, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { captureOutput } from '../producer/testing/captured-output.js';
import { type EventsServer, type Reply, startEventsServer } from '../producer/testing/events-server.js';
import { main } from './main.js';
import { fixture } from './testing/files.js';
import { NO_DATA_FOLDER } from './testing/import-scene.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
  dataFolder = NO_DATA_FOLDER;
});

async function server(reply?: Parameters<typeof startEventsServer>[0]): Promise<EventsServer> {
  const started = await startEventsServer(reply);
  open.push(started);
  return started;
}

/** Where imports are remembered, while a test has made one. */
let dataFolder = NO_DATA_FOLDER;

async function run(...argv: string[]) {
  const captured = captureOutput();
  const code = await main(argv, captured.output, dataFolder);
  return { code, stdout: captured.stdout(), stderr: captured.stderr() };
}

const RETAIL = ['online-retail', fixture('online-retail.csv'), '--categories', fixture('online-retail-categories.csv')];
const busy: Reply = { status: 503, body: { detail: 'warming up' }, headers: { 'retry-after': '0' } };

describe('npm run import', () => {
  it('posts the events of a file and sums up what became of its rows', async () => {
    const { url, accepted } = await server();
    const { code, stdout, stderr } = await run(...RETAIL, '--url', url, '--allow-rejects');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(accepted).toHaveLength(11);
    expect(stdout).toMatch(/rows read {8}18 /);
    expect(stdout).toMatch(
      /events sent {6}11\n {2}new {12}9\n {2}already there {2}2 \(sent before, or twice in this file/,
    );
    expect(stdout).toMatch(/rows left out {4}4\n.*\n.*\n/);
    expect(stdout).toMatch(/rows refused {5}3\n/);
    expect(stdout).toMatch(/1 {2}occurred_at: allowed is an existing date.*\(first in row 18\)/);
  });

  it('posts the same lines when it is run again', async () => {
    const { url, accepted } = await server();
    await run(...RETAIL, '--url', url);
    const { stdout } = await run(...RETAIL, '--url', url);
    expect(stdout).toMatch(/events sent {6}11\n {2}new {12}0\n {2}already there {2}11 /);
    expect(stdout).not.toMatch(/accepted/);
    expect(accepted.slice(11)).toEqual(accepted.slice(0, 11));
    expect(new Set(accepted).size).toBe(9);
  });

  it('keeps refused rows with their reason, in the form of the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-rejects-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    const { url } = await server();
    const [file, map, rejects] = [fixture('sales.csv'), fixture('sales.mapping.json'), join(folder, 'rejects.csv')];
    await run('csv', file, '--map', map, '--url', url, '--rejects', rejects);
    const lines = (await readFile(rejects, 'utf8')).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe('Bestellung;Datum;Kunde;Warengruppe;Menge;Preis;Land;Art;row;reason');
    expect(lines[2]).toBe(
      'B-5;28.02.2026 10:00;K2;Bücher;1;9.90;DE;Verkauf;8;' +
        '"amount: found ""9.90""; allowed is a decimal like 1.234,50; for 1,234.50 give ""decimal"": ""."" in the mapping"',
    );
  });

  it('maps what the server refuses back to the rows', async () => {
    const refusal = { index: 1, path: 'country', reason: 'found "FR"; allowed is another' };
    const { url } = await server(({ lines }) => ({
      status: 202,
      body: { accepted: lines.length - 3, refused: [refusal] },
    }));
    const { code, stdout } = await run('incidents', fixture('incidents.csv'), '--url', url);
    expect(code).toBe(1);
    expect(stdout).toMatch(/taken {10}\d+, new, or already there: it is not known which, as not all of it was taken/);
    expect(stdout).toMatch(/1 {2}country: allowed is another \(first in row 3\)/);
    expect(stdout).toMatch(/2 {2}refused by the server, which lists only the first refusals/);
  });

  it('sends again while the server is busy', async () => {
    const { url, accepted, posted } = await server((request, before) =>
      before < 2 ? busy : { status: 202, body: { accepted: request.lines.length, refused: [] } },
    );
    const { code } = await run(...RETAIL, '--url', url, '--token', 'secret', '--allow-rejects');
    expect({ code, requests: posted.length, accepted: accepted.length }).toEqual({
      code: 0,
      requests: 3,
      accepted: 11,
    });
    expect(posted.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
  });

  it('fails when the server refuses everything', async () => {
    const { url } = await server(({ lines }) => ({
      status: 400,
      body: { refused: lines.map((_, index) => ({ index, path: 'type', reason: 'not known' })) },
    }));
    const { code, stdout } = await run(...RETAIL, '--url', url);
    expect(code).toBe(1);
    expect(stdout).toMatch(/11 {2}type: not known/);
  });

  it('says what to do when nothing listens, a token is wanted, or it is another server', async () => {
    const gone = await startEventsServer();
    await gone.close();
    expect(await run(...RETAIL, '--url', gone.url)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/found nothing listening at .*; run npm start, or name its address by --url/),
    });
    const { url: closed } = await server(() => ({ status: 401, body: { detail: 'a token is wanted' } }));
    expect(await run(...RETAIL, '--url', closed)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--token or API_TOKEN/),
    });
    const { url: other } = await server(() => ({ status: 200, body: '<html>' }));
    expect(await run(...RETAIL, '--url', other)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/found HTTP 200.*check --url/),
    });
  });

  it.each([
    [['retail', 'x.csv'], /found the importer "retail"; allowed: online-retail, incidents, csv/],
    [['csv', fixture('sales.csv')], /csv: found no mapping; allowed: npm run import -- csv FILE --map MAPPING\.json/],
    [['incidents'], /incidents: found no file/],
    [['incidents', 'a', 'b'], /found "b" after the file; allowed: one file/],
    [['incidents', 'none.csv'], /found "none\.csv": there is no such file/],
    [['incidents', fixture('sales.csv')], /found no column number/],
    [
      ['incidents', fixture('incidents.csv'), '--categorys', 'x'],
      /found the option --categorys; allowed: --categories, --map/,
    ],
    [['incidents', fixture('incidents.csv'), '--map', 'x'], /found --map; allowed: with csv only/],
    [['incidents', fixture('incidents.csv'), '--url'], /--url: found no value; allowed: --url URL/],
    [
      ['incidents', fixture('incidents.csv'), '--url', 'localhost:80'],
      /--url: found "localhost:80"; allowed: an http address/,
    ],
    [
      ['csv', fixture('sales.csv'), '--map', 'none.json'],
      /none\.json is not a mapping that can be used\. found that there is no such file; allowed/,
    ],
    [
      ['incidents', fixture('incidents.csv'), '--rejects', '/nowhere/at/all'],
      /--rejects: cannot write "\/nowhere\/at\/all"/,
    ],
  ])('refuses %j', async (argv, message) => {
    const { url } = await server();
    const given = argv.includes('--url') ? argv : [...argv, '--url', url];
    expect(await run(...given)).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
  });

  it('refuses an output that is an input, by whatever path, and leaves it as it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-same-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    const at = (name: string) => join(folder, name);
    const text = await readFile(fixture('sales.csv'));
    await writeFile(at('sales.csv'), text);
    await writeFile(at('map.json'), await readFile(fixture('sales.mapping.json')));
    await symlink(at('sales.csv'), at('symbolic'));
    await link(at('sales.csv'), at('hard'));
    for (const name of ['sales.csv', 'symbolic', 'hard', './sales.csv', 'map.json']) {
      const result = await run('csv', at('sales.csv'), '--map', at('map.json'), '--rejects', `${folder}/${name}`);
      expect(result).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/--rejects: found .* which is the input/),
      });
    }
    expect(await readFile(at('sales.csv'))).toEqual(text);
  });

  it('refuses an output that goes where standard output goes, and "-"', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-outputs-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    const path = join(folder, 'summary.txt');
    const program = fileURLToPath(new URL('testing/run-import.js', import.meta.url));
    for (const number of [1, 2]) {
      const file = await openFileHandle(path, 'a');
      const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
      stdio[number] = file.fd;
      const words = ['incidents', fixture('incidents.csv'), '--rejects', path];
      const child = spawn(process.execPath, [program, ...words], { stdio });
      const [code] = await once(child, 'close');
      await file.close();
      expect(code).toBe(1);
    }
    // What it says of standard error stands in the file itself.
    expect(await readFile(path, 'utf8')).toMatch(
      /^import: --rejects: found .*summary\.txt", where standard error goes too/,
    );
    expect(await run('incidents', fixture('incidents.csv'), '--rejects', '-')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--rejects: found "-"; allowed: a file/),
    });
  });

  it('warns before it sends when rows that are there were made by another mapping', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-memory-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    dataFolder = folder;
    const { url } = await server();
    const write = (name: string, text: string) => writeFile(join(folder, name), text);
    const base = {
      type: 'order_placed',
      occurred_at: 'When',
      order_id: 'Id',
      category: 'Group',
      amount: 'Sum',
      country: { value: 'XX' },
    };
    await write('sales.csv', 'Id,When,Group,Sum\n1,2026-02-01,a,5\n2,2026-02-01,b,6\n');
    await write('wider.csv', 'Note,Id,When,Group,Sum\nx,1,2026-02-01,a,5.00\ny,2,2026-02-01,b,6\n');
    await write('other.csv', 'Id,When,Group,Sum\n3,2026-02-01,a,5\n');
    await write('map.json', JSON.stringify(base));
    await write('changed.json', JSON.stringify({ ...base, country: { value: 'DE' } }));
    await write('formatted.json', JSON.stringify({ ...base, occurred_at: { column: 'When', format: 'YYYY-MM-DD' } }));
    await write('named.json', JSON.stringify({ ...base, event_id: 'Id' }));
    const importing = async (file: string, map: string) =>
      (await run('csv', join(folder, file), '--map', join(folder, map), '--url', url)).stderr;
    expect(await importing('sales.csv', 'map.json')).toBe('');
    expect(await importing('sales.csv', 'map.json')).toBe('');
    expect(await importing('sales.csv', 'formatted.json')).toBe('');
    expect(await importing('wider.csv', 'map.json')).toBe('');
    expect(await importing('other.csv', 'changed.json')).toBe('');
    expect(await importing('sales.csv', 'changed.json')).toMatch(
      /^warning: 2 of the first 2 rows were imported at 20\S+ with another mapping, .*now they count twice/,
    );
    // It has happened, and was said.
    expect(await importing('sales.csv', 'changed.json')).toBe('');
    expect(await importing('sales.csv', 'named.json')).toBe('');
    await write('third.json', `\ufeff${JSON.stringify({ ...base, country: { value: 'FR' } })}`);
    const elsewhere = await server();
    const words = ['csv', join(folder, 'sales.csv'), '--map', join(folder, 'third.json')];
    const { code, stderr } = await run(...words, '--url', elsewhere.url);
    expect(code).toBe(0);
    expect(stderr).toBe('');
  });

  it('imports where nothing can be remembered, or what was remembered is no memory', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-memory-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    dataFolder = folder;
    const { url } = await server();
    for (const text of ['{', 'null\n', '{"url":1}\n', '\n\n']) {
      await writeFile(join(folder, 'imports.jsonl'), text);
      const sales = [
        'csv',
        fixture('sales.csv'),
        '--map',
        fixture('sales.mapping.json'),
        '--url',
        url,
        '--allow-rejects',
      ];
      expect(await run(...sales)).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('ends with 0 only when nothing was refused, unless that is allowed', async () => {
    const { url } = await server();
    const [whole, half] = [fixture('incidents.csv'), fixture('sales.csv')];
    const map = ['--map', fixture('sales.mapping.json')];
    expect((await run(...RETAIL, '--url', url)).code).toBe(1);
    expect((await run('csv', half, ...map, '--url', url)).code).toBe(1);
    expect((await run('csv', half, ...map, '--url', url, '--allow-rejects')).code).toBe(0);
    expect((await run('incidents', whole, '--url', url)).code).toBe(1);
    expect((await run('incidents', whole, '--url', url, '--allow-rejects')).code).toBe(0);
    await expect(run('incidents', whole, '--url', url, '--allow-rejects=yes')).resolves.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/found the value "yes"; allowed: none/),
    });
  });

  it('explains itself', async () => {
    expect(await run('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/npm run import -- incidents FILE/),
    });
  });
});

describe('a long import', () => {
  it('shows how far it is and keeps every event', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-long-'));
    open.push({ close: () => rm(folder, { recursive: true }) });
    const rows = Array.from({ length: 100_500 }, (_, row) => `${row},2026-01-31,books,1.5`);
    await writeFile(join(folder, 'long.csv'), ['id,when,group,sum', ...rows].join('\n'));
    const mapping = {
      type: 'order_placed',
      occurred_at: 'when',
      order_id: 'id',
      category: 'group',
      amount: 'sum',
      country: { value: 'XX' },
    };
    await writeFile(join(folder, 'map.json'), JSON.stringify(mapping));
    const { url, accepted, posted } = await server();
    const { code, stderr } = await run(
      'csv',
      join(folder, 'long.csv'),
      '--map',
      join(folder, 'map.json'),
      '--url',
      url,
    );
    expect({ code, accepted: accepted.length, requests: posted.length }).toEqual({
      code: 0,
      accepted: 100_500,
      requests: 11,
    });
    expect(new Set(accepted).size).toBe(100_500);
    expect(stderr).toMatch(/^\d+ % {2}100,000 rows {2}[\d,]+\/s\n$/);
  }, 60_000);
});
