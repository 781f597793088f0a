import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TandemError } from '@tandem/shared';

export type ServiceOptions = {
  /** Shown in messages, and the name of its log and pid file. */
  readonly name: string;
  /** Where its data, log and pid file are; made if missing. */
  readonly folder: string;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly command: readonly [string, ...string[]];
};

const LONGEST_START_MS = 60_000;
const LONGEST_STOP_MS = 20_000;
const POLL_MS = 50;

/** A server in a process of its own that can be stopped, killed, frozen, and started again on the same data and port. */
export class Service {
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  /** Called when it ends without being asked to. */
  onDeath: (how: string) => void = () => {};

  private constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Ends what a killed start has left, starts the server, and resolves when it takes connections. */
  static async start(options: ServiceOptions): Promise<Service> {
    await mkdir(options.folder, { recursive: true });
    const service = new Service(options);
    await service.#endOrphan();
    await service.start();
    return service;
  }

  get address(): string {
    return `127.0.0.1:${this.#options.port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it again, on the same data and port. Throws `unavailable` with the end of its log. */
  async start(): Promise<void> {
    const { name, command, port } = this.#options;
    const log = await open(this.#logFile, 'a');
    const [program, ...parameters] = command;
    // A group of its own: Ctrl-C in a terminal goes to our whole group, and the server is stopped in its turn.
    const child = spawn(program, parameters, { stdio: ['ignore', log.fd, log.fd], detached: true });
    this.#child = child;
    child.once('error', () => {});
    child.once('exit', (code, signal) => {
      if (this.#child === child) this.onDeath(`${name} ended with ${signal ?? `code ${code}`}`);
    });
    await log.close();
    await writeFile(this.#pidFile, `${child.pid}`);
    const deadline = performance.now() + LONGEST_START_MS;
    while (!(await takesConnections(port))) {
      if (child.exitCode !== null || performance.now() > deadline) throw await this.#startFailure();
      await sleep(POLL_MS);
    }
  }

  /** SIGTERM, and SIGKILL when that takes too long. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGSTOP freezes it, SIGCONT lets it go on. */
  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await Promise.race([ended, sleep(LONGEST_STOP_MS, undefined, { ref: false })]);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#pidFile, { force: true });
  }

  /** A server whose parent was killed lives on: it is ended if it surely is the one that was started in this folder. */
  async #endOrphan(): Promise<void> {
    const pid = Number(await readFile(this.#pidFile, 'utf8').catch(() => ''));
    if (!pid) return;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!commandLine.includes(this.#options.folder)) return;
    process.kill(pid, 'SIGKILL');
    while (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')) await sleep(POLL_MS);
  }

  get #logFile(): string {
    return join(this.#options.folder, `${this.#options.name}.log`);
  }

  get #pidFile(): string {
    return join(this.#options.folder, `${this.#options.name}.pid`);
  }

  async #startFailure(): Promise<TandemError> {
    const log = await readFile(this.#logFile, 'utf8').catch(() => '');
    const lines = log.trim().split('\n').slice(-6).join('\n');
    await this.kill();
    return new TandemError(
      'unavailable',
      `${this.#options.name} did not start. Its log ${this.#logFile} ends:\n${lines}`,
    );
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const answer = (isThere: boolean) => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
