import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@tandem/shared';
import { deleteDataFolder, findClusterHome } from '../embedded-postgres/cluster-home.js';
import { readPostmaster, stopOrphan } from '../embedded-postgres/postmaster-file.js';
import { findServerUser } from '../embedded-postgres/server-user.js';
import { inheritedEnvironment } from './config.js';

/** A whole Tandem in a process of its own, for tests that kill it. */

const LAB_MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const BATCH_PROGRAM = fileURLToPath(new URL('./batch-program.js', import.meta.url));
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;
const LONGEST_START_MS = 60_000;
const LONGEST_STOP_MS = 30_000;
const POLL_MS = 25;
const KEPT_OUTPUT_CHARACTERS = 20_000;

/** Nothing happens by itself: no demo shop, no schedule. */
const QUIET: Readonly<Record<string, string>> = {
  PORT: '0',
  HOST: '127.0.0.1',
  DEMO_EVENTS_PER_SECOND: '0',
  BATCH_SCHEDULE: 'off',
  LOG_LEVEL: 'warn',
};

export type StartOptions = {
  readonly dataFolder: string;
  /** Environment variables beside the quiet defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder of another copy of the built project. */
  readonly project?: string;
  /** A program and its arguments that run Node in turn, such as a limit on file sizes. */
  readonly wrapper?: readonly string[];
};

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A program of ours that runs until it is killed, stopped, or ends by itself. */
export class RunningProgram {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ending>;
  #output = '';
  #ending: Ending | undefined;

  constructor(
    program: string,
    parameters: readonly string[],
    settings: Readonly<Record<string, string>>,
    wrapper: readonly string[] = [],
  ) {
    const [command = '', ...rest] = [...wrapper, process.execPath, program, ...parameters];
    this.#child = spawn(command, rest, {
      env: { ...inheritedEnvironment(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#ending = { code, signal };
      return this.#ending;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (bytes) => this.#keep(bytes));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it wrote on both streams, the last of it. */
  get output(): string {
    return this.#output;
  }

  /** How it ended; undefined while it runs. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** kill -9, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** SIGTERM; kills it and throws if it does not end in time. */
  async stop(): Promise<Ending> {
    this.signal('SIGTERM');
    await Promise.race([this.ended, sleep(LONGEST_STOP_MS, undefined, { ref: false })]);
    if (this.#ending) return this.#ending;
    await this.kill();
    throw new Error(`did not end within ${LONGEST_STOP_MS} ms after SIGTERM. Its output ends:\n${this.#output}`);
  }

  #keep(bytes: Buffer): void {
    this.#output = (this.#output + bytes.toString()).slice(-KEPT_OUTPUT_CHARACTERS);
  }
}

/** The lab in a process of its own, answering at `url`. */
export class TandemProcess extends RunningProgram {
  readonly dataFolder: string;
  url = '';

  constructor({ dataFolder, settings = {}, project, wrapper }: StartOptions) {
    super(
      project === undefined ? LAB_MAIN : join(project, 'lab/dist/main.js'),
      [],
      { ...QUIET, ...settings, DATA_DIR: dataFolder },
      wrapper,
    );
    this.dataFolder = dataFolder;
  }

  /** Resolves when it listens. Throws with its output when it ends before. */
  async untilListening(): Promise<this> {
    await waitFor(`an address in the output of process ${this.pid}`, async () => {
      if (this.ending) throw new Error(`Tandem ended with ${JSON.stringify(this.ending)}:\n${this.output}`);
      this.url = ADDRESS.exec(this.output)?.[0] ?? '';
      return this.url !== '';
    });
    return this;
  }

  /** Resolves when `GET /ready` says 200. */
  async untilReady(): Promise<this> {
    await this.untilListening();
    let reason = '';
    await waitFor(`${this.url}/ready to say 200`, async () => {
      if (this.ending) throw new Error(`Tandem ended with ${JSON.stringify(this.ending)}:\n${this.output}`);
      const response = await fetch(`${this.url}/ready`).catch(() => undefined);
      reason = (await response?.text().catch(() => '')) ?? 'no answer';
      return response?.status === 200;
    }).catch((error) => {
      throw new Error(`${error.message}: ${reason}\n${this.output}`);
    });
    return this;
  }
}

/** Starts the lab and resolves when it is ready. */
export function startTandem(options: StartOptions): Promise<TandemProcess> {
  return new TandemProcess(options).untilReady();
}

/** Starts a batch layer as a process of its own on the database and master dataset of a running lab. */
export async function startBatchProcess(
  dataFolder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningProgram> {
  return new RunningProgram(BATCH_PROGRAM, [], {
    BATCH_SCHEDULE: 'off',
    LOG_LEVEL: 'info',
    ...settings,
    POSTGRES_URL: await databaseUrlOf(dataFolder),
    MASTER_DATASET: join(dataFolder, 'master-dataset'),
  });
}

/** A new folder that the database's account can enter. */
export async function newDataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-e2e-'));
  await chmod(folder, 0o755);
  return folder;
}

/** Ends the database that a killed Tandem left behind, and deletes the folder with all that belongs to it. */
export async function removeDataFolder(dataFolder: string): Promise<void> {
  await endDatabase(dataFolder);
  await deleteDataFolder(dataFolder);
}

/** Ends the database that a killed Tandem left behind. */
export async function endDatabase(dataFolder: string): Promise<void> {
  await stopOrphan((await clusterHomeOf(dataFolder)).cluster, createLogger('test', 'silent'));
}

/** Address of the database of a running lab. */
export async function databaseUrlOf(dataFolder: string): Promise<string> {
  const home = await clusterHomeOf(dataFolder);
  const password = (await readFile(home.passwordFile, 'utf8')).trim();
  const postmaster = await readPostmaster(home.cluster);
  return `postgres://postgres:${password}@127.0.0.1:${postmaster?.port}/postgres`;
}

/** The process number of the running database of a data folder; undefined when none runs. */
export async function databasePidOf(dataFolder: string): Promise<number | undefined> {
  return (await readPostmaster((await clusterHomeOf(dataFolder)).cluster))?.pid;
}

async function clusterHomeOf(dataFolder: string) {
  return findClusterHome(dataFolder, await findServerUser());
}

/** Asks again and again until the answer is true. Throws after a minute, naming what it waited for. */
export async function waitFor(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  withinMs = LONGEST_START_MS,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await sleep(POLL_MS);
  }
}
