import { type ChildProcess, spawn } from 'node:child_process';
import { chown, open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, messageOf, TandemError } from '@tandem/shared';
import pg from 'pg';
import { endOf, type StopStep, stopInSteps } from '../processes/ending.js';
import { freePort } from '../processes/free-port.js';
import type { Binaries } from './binaries.js';
import type { ClusterHome } from './cluster-home.js';
import { readPostmaster } from './postmaster-file.js';
import { PROGRAM_ENVIRONMENT } from './run-program.js';
import type { ServerUser } from './server-user.js';

/** One running server process. */
export type Server = {
  readonly url: string;
  readonly pid: number;
  /** Resolves with how it ended, wanted or not. */
  readonly ended: Promise<string>;
  /** Starts a server in its place, on the same port, once this one has ended. */
  again(): Promise<Server>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
};

export type ServerOptions = {
  readonly binaries: Binaries;
  readonly home: ClusterHome;
  readonly user: ServerUser | undefined;
  readonly password: string;
  readonly logger: Logger;
  /** Picked when absent. */
  readonly port?: number;
};

/** What differs from Postgres' own defaults. fsync and synchronous_commit stay on: acknowledged means durable. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '192MB',
  max_wal_size: '2GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
  log_min_messages: 'warning',
  dynamic_library_path: '$libdir',
};

const ATTEMPTS = 20;
const PAUSE_BETWEEN_ATTEMPTS_MS = 250;
/** Recovery after a kill replays at most max_wal_size. */
const LONGEST_START_MS = 60_000;
const POLL_MS = 10;

/** Failures that pass by themselves: somebody else took the port, or processes of a killed server are still ending. */
const PASSING = /address already in use|could not bind|pre-existing shared memory block|lock file "postmaster.pid"/i;

/** Starts the server and waits until it answers. Throws `unavailable` with the end of its log. */
export async function startServer(options: ServerOptions): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options, options.port ?? (await freePort()));
    } catch (error) {
      if (attempt === ATTEMPTS || !PASSING.test(messageOf(error))) throw error;
      await sleep(PAUSE_BETWEEN_ATTEMPTS_MS);
    }
  }
}

async function startOnce(options: ServerOptions, port: number): Promise<Server> {
  const { child, ended } = await spawnServer(options, port);
  const url = `postgres://postgres:${options.password}@127.0.0.1:${port}/postgres`;
  try {
    await untilReady(child, ended, options.home);
    await refuseForeignServer(url, options.home);
  } catch (error) {
    await stopInSteps(child, ended, STOP_STEPS);
    throw error;
  }
  return {
    url,
    pid: child.pid ?? 0,
    ended,
    again: () => startServer({ ...options, port }),
    signal: (name) => void child.kill(name),
    stop: () => stopInSteps(child, ended, STOP_STEPS),
  };
}

async function spawnServer(
  { binaries, home, user, port: kept }: ServerOptions,
  port: number,
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<string> }> {
  // Started in another's place, it goes on writing to that one's log, which may tell why it ended.
  const log = await open(home.logFile, kept === undefined ? 'w' : 'a', 0o600);
  if (user) await chown(home.logFile, user.uid, user.gid);
  const settings = Object.entries({ ...SETTINGS, port: String(port) });
  try {
    const child = spawn(
      binaries.postgres,
      ['-D', home.cluster, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...user,
        cwd: home.cluster,
        env: PROGRAM_ENVIRONMENT,
        stdio: ['ignore', log.fd, log.fd],
        // A session of its own: Ctrl-C in a terminal goes to our whole group, and the server must outlive our layers.
        detached: true,
      },
    );
    // Before the log is closed: a server that ends meanwhile would never be seen to end.
    return { child, ended: endOf(child) };
  } finally {
    await log.close();
  }
}

async function untilReady(child: ChildProcess, ended: Promise<string>, home: ClusterHome): Promise<void> {
  let ending: string | undefined;
  void ended.then((how) => {
    ending = how;
  });
  const deadline = performance.now() + LONGEST_START_MS;
  while (performance.now() < deadline) {
    if (ending !== undefined) throw await startFailure(`ended with ${ending}`, home);
    const postmaster = await readPostmaster(home.cluster);
    if (postmaster?.isReady && postmaster.pid === child.pid) return;
    await sleep(POLL_MS);
  }
  throw await startFailure(`was not ready within ${LONGEST_START_MS} ms`, home);
}

async function startFailure(what: string, home: ClusterHome): Promise<TandemError> {
  const log = await readFile(home.logFile, 'utf8').catch(messageOf);
  const lines = log.trim().split('\n').slice(-4).join(' | ');
  return new TandemError('unavailable', `the embedded Postgres ${what}. Its log ${home.logFile} ends: ${lines}`);
}

/** Nothing is written before the server on this port has proved to be that of our cluster. */
async function refuseForeignServer(url: string, home: ClusterHome): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    const found = rows[0]?.data_directory;
    if (found !== home.cluster) {
      throw new TandemError('unavailable', `found a Postgres of ${found}; allowed is that of ${home.cluster}`);
    }
  } finally {
    await client.end();
  }
}

/**
 * Ways to stop, from gentle to hard: wait for open connections to end, end them, leave the rest to the next start's
 * recovery, kill. Each is tried for so long.
 */
const STOP_STEPS: readonly StopStep[] = [
  { signal: 'SIGTERM', withinMs: 1_000 },
  { signal: 'SIGINT', withinMs: 20_000 },
  { signal: 'SIGQUIT', withinMs: 5_000 },
  { signal: 'SIGKILL', withinMs: 5_000 },
];
