import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { captureOutput } from '../producer/testing/captured-output.js';
import { acceptAll, type EventsServer, startEventsServer } from '../producer/testing/events-server.js';
import { start } from './demo-shop.js';
import { main } from './main.js';

let folder = '';
let server: EventsServer | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-generate-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function run(...argv: string[]) {
  const captured = captureOutput();
  const code = await main(argv, captured.output);
  return { code, stdout: captured.stdout(), stderr: captured.stderr() };
}

const ASKED = ['--events', '3000', '--seed', '7', '--duplicates', '0.1', '--late', '0.1'];

describe('npm run generate', () => {
  it('posts what it writes to a file for the same seed, and prints the same totals', async () => {
    server = await startEventsServer();
    const out = join(folder, 'events.ndjson');
    const posted = await run(...ASKED, '--url', server.url);
    const written = await run(...ASKED, '--out', out);
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    expect(server.accepted).toEqual(lines);
    expect([posted.code, written.code, posted.stdout]).toEqual([0, 0, written.stdout]);
    expect(JSON.parse(posted.stdout)).toMatchObject({ revenue: { all: { line_items: expect.any(Number) } } });
    expect(new Set(lines).size).toBe(3000);
    expect(lines.length).toBeGreaterThan(3000);
  });

  it('keeps standard output for the events where they go there', async () => {
    const { stdout, stderr } = await run(...ASKED, '--out', '-');
    expect(
      stdout
        .trim()
        .split('\n')
        .every((line) => 'event_id' in JSON.parse(line)),
    ).toBe(true);
    expect(stderr).toMatch(/"revenue"/);
  });

  it('with a rate posts little by little', async () => {
    server = await startEventsServer();
    const { code } = await run('--events', '400', '--seed', '7', '--rate', '1000', '--url', server.url);
    expect({ code, requests: server.posted.map(({ lines }) => lines.length) }).toEqual({
      code: 0,
      requests: [100, 100, 100, 100],
    });
  });

  it('takes its times from --start and --days', async () => {
    const { stdout } = await run(
      '--events',
      '50',
      '--seed',
      '1',
      '--start',
      '2020-02-28T00:00:00Z',
      '--days',
      '2',
      '--out',
      '-',
    );
    const days = stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { occurred_at: string }).occurred_at.slice(0, 10));
    expect([...new Set(days)]).toEqual(['2020-02-28', '2020-02-29']);
  });

  it.each([
    [['--seed', '1'], /found no --events/],
    [['--events', 'many', '--seed', '1'], /--events: found "many"; allowed: a whole number from 0/],
    [[...ASKED, '--late', '2'], /--late: found "2"; allowed: a probability from 0 to 1/],
    [[...ASKED, '--start', '2026-02-30T00:00:00Z'], /--start: found "2026-02-30T00:00:00Z"/],
    [[...ASKED, '--dupes', '1'], /found the option --dupes; allowed: --events/],
    [[...ASKED, '--out', 'x', '--url', 'http://x'], /found both --out and --url/],
    [[...ASKED, '--out', '/nowhere/at/all'], /--out \/nowhere\/at\/all: .*ENOENT/],
    [[...ASKED, 'more'], /found more; allowed: options only/],
  ])('refuses %j', async (argv, message) => {
    expect(await run(...argv)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
  });
});

describe('the demo shop', () => {
  it('posts events of the moment, goes on after trouble, and closes at the signal', async () => {
    const trouble: string[] = [];
    const closing = new AbortController();
    const beganMs = Date.now();
    server = await startEventsServer((posted, before) => {
      if (before >= 2) closing.abort();
      return before === 0 ? { status: 500, body: { detail: 'broken' } } : acceptAll(posted);
    });
    const { signal } = closing;
    await start({
      url: server.url,
      eventsPerSecond: 200,
      token: 't',
      signal,
      onTrouble: (message) => trouble.push(message),
    });
    expect(trouble).toEqual([expect.stringMatching(/found HTTP 500/)]);
    const times = server.accepted.map((line) => Date.parse((JSON.parse(line) as { occurred_at: string }).occurred_at));
    expect(times.length).toBeGreaterThan(0);
    expect(times.every((ms) => ms >= beganMs && ms <= Date.now())).toBe(true);
  });

  it('stays closed at a rate of 0', async () => {
    await start({ url: 'http://127.0.0.1:9', eventsPerSecond: 0, signal: new AbortController().signal });
  });
});
