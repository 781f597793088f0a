import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@tandem/shared';
import pg from 'pg';
import { deleteDataFolder } from './cluster-home.js';
import { readPostmaster } from './postmaster-file.js';
import { findServerUser } from './server-user.js';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './start-embedded-postgres.js';

// Whole processes start here; on a busy machine that takes a while.
jest.setTimeout(120_000);

const isRoot = userInfo().uid === 0;
const logger = createLogger('test', 'silent');

let dataFolder: string;
let running: EmbeddedPostgres[];

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'tandem-postgres-'));
  await chmod(dataFolder, 0o755);
  running = [];
});

afterEach(async () => {
  for (const postgres of running) await postgres.stop();
  await deleteDataFolder(dataFolder);
});

async function start(): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataFolder, logger });
  running.push(postgres);
  return postgres;
}

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Starts it in a process of its own, which prints the server's process number and goes on. */
function startInProcess() {
  const module = new URL('./start-embedded-postgres.js', import.meta.url).href;
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)};
    const logger = { warn() {}, error() {} };
    const postgres = await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(dataFolder)}, logger });
    console.log(postgres.pid());`;
  return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The process number of a server that its parent, killed, has left running. */
async function startAndKillParent(): Promise<number> {
  const child = startInProcess();
  const [line] = await once(child.stdout, 'data');
  await kill(child);
  return Number(line);
}

async function filesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder, { recursive: true }).catch(() => []);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the embedded Postgres', () => {
  it('keeps its rows over a stop and a start', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('has stopped once stop resolves, also when stop is called twice', async () => {
    const postgres = await start();
    await Promise.all([postgres.stop(), postgres.stop()]);
    expect(isAlive(postgres.pid())).toBe(false);
  });

  it('is durable, in UTF-8 and UTC, and sorts by code point', async () => {
    const { url } = await start();
    const [settings] = await query(
      url,
      `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits,
              current_setting('server_encoding') AS encoding, current_setting('timezone') AS zone, 'Z' < 'a' AS by_code_point`,
    );
    expect(settings).toEqual({ fsync: 'on', commits: 'on', encoding: 'UTF8', zone: 'UTC', by_code_point: true });
  });

  it('lets nobody in without the password', async () => {
    const { url } = await start();
    const guess = Object.assign(new URL(url), { password: 'postgres' }).href;
    await expect(query(guess, 'SELECT 1')).rejects.toThrow('password authentication failed');
    const none = Object.assign(new URL(url), { password: '' }).href;
    await expect(query(none, 'SELECT 1')).rejects.toThrow(/password/);
  });

  it('keeps the password in a file that only its owner can read', async () => {
    await start();
    expect((await stat(join(dataFolder, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
  });

  it('listens on the loopback address only', async () => {
    const { url } = await start();
    expect(await query(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(url, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
  });

  it('comes back on the same address when its server is killed', async () => {
    const postgres = await start();
    const killed = postgres.pid();
    process.kill(killed, 'SIGKILL');
    while (postgres.pid() === killed) await sleep(20);
    expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('stops the server that a killed process left running, and starts its own', async () => {
    const orphan = await startAndKillParent();
    expect(isAlive(orphan)).toBe(true);
    const { url, pid } = await start();
    expect(isAlive(orphan) && (await readFile(`/proc/${orphan}/cmdline`, 'utf8').catch(() => '')) !== '').toBe(false);
    expect(pid()).not.toBe(orphan);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('signals no process that has taken a dead server’s number', async () => {
    await (await start()).stop();
    // Of the server's account: another account's process Postgres would not take for a server.
    const bystander = spawn('/bin/sleep', ['60'], { ...(await findServerUser()), stdio: 'ignore' });
    const cluster = join(dataFolder, 'postgres', 'cluster');
    await writeFile(
      join(cluster, 'postmaster.pid'),
      `${bystander.pid}\n${cluster}\n1\n5432\n\n127.0.0.1\n0 0\nready\n`,
    );
    await start();
    expect(isAlive(bystander.pid ?? 0)).toBe(true);
    bystander.kill('SIGKILL');
    expect((await readPostmaster(cluster))?.pid).not.toBe(bystander.pid);
  });

  it('makes the cluster anew when an earlier start was killed while making it, and leaves nothing of the first', async () => {
    const home = join(dataFolder, 'postgres');
    const child = startInProcess();
    while (!(await filesOf(home)).some((file) => file.endsWith('PG_VERSION'))) await sleep(1);
    await kill(child);
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await readdir(home)).toSorted()).toEqual(['cluster', 'password', 'postgres.log']);
  });

  it('says what its log says when it cannot start', async () => {
    await (await start()).stop();
    await writeFile(join(dataFolder, 'postgres', 'cluster', 'global', 'pg_control'), 'not a control file');
    await expect(start()).rejects.toThrow(/embedded Postgres ended with .*pg_control/);
  });
});

// An ordinary user's server runs as that user, who can enter what is theirs.
if (isRoot) {
  describe('as root, with a data folder that the server’s account cannot enter', () => {
    beforeEach(() => chmod(dataFolder, 0o700));

    it('keeps the cluster elsewhere, finds it again, and leaves the folder’s mode alone', async () => {
      const first = await start();
      await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await first.stop();
      const second = await start();
      expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
      expect((await stat(dataFolder)).mode & 0o777).toBe(0o700);
    });

    it('starts anew once the data folder has been deleted', async () => {
      const first = await start();
      await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
      await first.stop();
      await deleteDataFolder(dataFolder);
      await mkdir(dataFolder, { mode: 0o700 });
      const second = await start();
      await expect(query(second.url, 'SELECT answer FROM kept')).rejects.toThrow('"kept" does not exist');
    });
  });
}
