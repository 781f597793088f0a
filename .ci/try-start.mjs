// Starts Tandem as a reader of the README does, uses it, and ends it: npm start, an import, a run, questions, SIGTERM.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const LONGEST_START_MS = 60_000;
const LONGEST_STOP_MS = 50_000;
/** Three sales of a country that the demo shop does not deliver to, so that the total is known. */
const SALES =
  'Order,Date,Group,Amount\n1,2026-01-31T08:00:00Z,books,1.25\n2,2026-01-31T09:00:00Z,games,2.5\n3,2026-02-01T09:00:00Z,books,4\n';
const MAPPING = {
  type: 'order_placed',
  occurred_at: 'Date',
  order_id: 'Order',
  category: 'Group',
  amount: 'Amount',
  country: { value: 'AQ' },
};
const TOTAL = 7.75;

const port = await freePort();
const scratch = mkdtempSync(join(tmpdir(), 'tandem-start-'));
const dataFolder = join(scratch, 'data');
const startedAt = performance.now();
const tandem = spawn('npm', ['start'], {
  stdio: ['ignore', 'inherit', 'inherit'],
  // biome-ignore lint/style/noProcessEnv: npm needs what this script was given.
  env: { ...process.env, DATA_DIR: dataFolder, PORT: String(port) },
});
const ended = once(tandem, 'exit');
let failure;
try {
  await untilReady();
  console.log(`ready ${Math.round(performance.now() - startedAt)} ms after npm start`);
  const answer = await ask('/metrics/revenue?group_by=category');
  if (answer.metric !== 'revenue') throw new Error(`found ${JSON.stringify(answer)}; allowed is an answer for revenue`);
  await importSales();
  await runNpm('batch', '--url', `http://127.0.0.1:${port}`);
  const { batch } = await ask('/metrics/revenue?country=AQ');
  if (batch.revenue !== TOTAL) throw new Error(`batch: found ${JSON.stringify(batch)}; allowed is revenue ${TOTAL}`);
  await ask('/ledger');
} catch (error) {
  failure = error;
}
tandem.kill('SIGTERM');
const ending = await Promise.race([ended, sleep(LONGEST_STOP_MS, undefined, { ref: false })]);
if (!ending) failure ??= new Error(`still running ${LONGEST_STOP_MS} ms after SIGTERM`);
else if (ending[0] !== 0) failure ??= new Error(`ended with code ${ending[0]}, signal ${ending[1]}; allowed is code 0`);
if (ending) await removeDataFolder();
if (failure) console.error(failure);
process.exit(failure ? 1 : 0);

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address();
  probe.close();
  return free;
}

async function untilReady() {
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined))?.ok) {
    if (tandem.exitCode !== null) throw new Error(`ended with code ${tandem.exitCode} before it was ready`);
    if (Date.now() > deadline) throw new Error(`not ready ${LONGEST_START_MS} ms after npm start`);
    await sleep(100);
  }
}

async function importSales() {
  const [sales, mapping] = [join(scratch, 'sales.csv'), join(scratch, 'mapping.json')];
  writeFileSync(sales, SALES);
  writeFileSync(mapping, JSON.stringify(MAPPING));
  await runNpm('import', 'csv', sales, '--map', mapping, '--url', `http://127.0.0.1:${port}`);
}

async function runNpm(script, ...words) {
  const command = spawn('npm', ['run', script, '--', ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // biome-ignore lint/style/noProcessEnv: npm needs what this script was given.
    env: { ...process.env, DATA_DIR: dataFolder },
  });
  const [code] = await once(command, 'exit');
  if (code !== 0) throw new Error(`npm run ${script}: found exit code ${code}; allowed is 0`);
}

async function ask(path) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`GET ${path}: found ${response.status} ${text}; allowed is 200`);
  return JSON.parse(text);
}

async function removeDataFolder() {
  const module = pathToFileURL('lab/dist/embedded-postgres/cluster-home.js').href;
  await (await import(module)).deleteDataFolder(dataFolder);
  rmSync(scratch, { recursive: true, force: true });
}
