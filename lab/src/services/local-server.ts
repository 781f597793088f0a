import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TandemError } from '@tandem/shared';
import { endOf, type StopStep, stopInSteps } from '../processes/ending.js';
import { endOrphan } from '../processes/orphan.js';
import type { Service, ServiceName } from './service.js';

export type ServerProgram = {
  readonly name: ServiceName;
  readonly program: string;
  readonly parameters: readonly string[];
  /** Absolute, ours alone. Holds the log and the file with the process number. */
  readonly folder: string;
  /** The last parameter, which no other server has: the path of the settings file. It tells ours from others. */
  readonly mark: string;
  /** Asks the server once. Throws when it does not answer, or when it is another one. */
  readonly ask: () => Promise<void>;
};

type SpawnedServer = { readonly child: ChildProcess; readonly ended: Promise<string> };

const LONGEST_START_MS = 60_000;
const POLL_MS = 50;
const SHOWN_LOG_LINES = 6;
const STOP_STEPS: readonly StopStep[] = [
  { signal: 'SIGTERM', withinMs: 20_000 },
  { signal: 'SIGKILL', withinMs: 5_000 },
];

/** A server that is a program with a settings file: Kafka, Redis. */
export class LocalServer implements Service {
  readonly name: ServiceName;
  readonly logFile: string;
  readonly #program: ServerProgram;
  #child: ChildProcess;
  #ended: Promise<string>;

  private constructor(program: ServerProgram, { child, ended }: SpawnedServer) {
    this.name = program.name;
    this.logFile = logFileOf(program);
    this.#program = program;
    this.#child = child;
    this.#ended = ended;
  }

  /** Resolves when it answers. Throws `unavailable` with the end of its log. */
  static async start(program: ServerProgram): Promise<LocalServer> {
    const server = new LocalServer(program, await spawnServer(program, 'w'));
    await server.#untilAnswers();
    return server;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): Promise<string> {
    return this.#ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#ended;
  }

  async stop(): Promise<void> {
    await stopInSteps(this.#child, this.#ended, STOP_STEPS);
    await rm(pidFileOf(this.#program), { force: true });
  }

  async restart(): Promise<void> {
    await this.stop();
    const { child, ended } = await spawnServer(this.#program, 'a');
    this.#child = child;
    this.#ended = ended;
    await this.#untilAnswers();
  }

  async #untilAnswers(): Promise<void> {
    let ending: string | undefined;
    void this.#ended.then((how) => {
      ending = how;
    });
    let reason = '';
    const deadline = performance.now() + LONGEST_START_MS;
    while (performance.now() < deadline) {
      if (ending !== undefined) throw await this.#startFailure(`ended with ${ending}`);
      try {
        return await this.#program.ask();
      } catch (error) {
        reason = messageOf(error);
      }
      await sleep(POLL_MS);
    }
    await this.stop();
    throw await this.#startFailure(`did not answer within ${LONGEST_START_MS} ms (${reason})`);
  }

  async #startFailure(what: string): Promise<TandemError> {
    const log = await readFile(this.logFile, 'utf8').catch(messageOf);
    const lines = log.trim().split('\n').slice(-SHOWN_LOG_LINES).join(' | ');
    return new TandemError('unavailable', `${this.name} ${what}. Its log ${this.logFile} ends: ${lines}`);
  }
}

/** Ends the server that a killed parent left running in this folder, if there is one. Throws when it does not end. */
export async function endLeftServer({ name, folder, program, mark }: Omit<ServerProgram, 'parameters' | 'ask'>) {
  const pidFile = pidFileOf({ folder });
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  const isOurs = (command: string) => command.includes(basename(program)) && command.trimEnd().endsWith(` ${mark}`);
  if (!(await endOrphan(pid, isOurs, STOP_STEPS))) {
    throw new TandemError('unavailable', `the ${name} left running as process ${pid} does not stop; end it by hand`);
  }
  await rm(pidFile, { force: true });
}

async function spawnServer(program: ServerProgram, logFlag: 'w' | 'a'): Promise<SpawnedServer> {
  const log = await open(logFileOf(program), logFlag, 0o600);
  try {
    const child = spawn(program.program, program.parameters, {
      cwd: program.folder,
      stdio: ['ignore', log.fd, log.fd],
      // A session of its own: Ctrl-C in a terminal goes to our whole group, and we end the servers in order.
      detached: true,
    });
    // At once, so that the next start finds it even if we are killed now.
    writeFileSync(pidFileOf(program), `${child.pid ?? ''}\n`);
    // Before the log is closed: a server that ends meanwhile would never be seen to end.
    return { child, ended: endOf(child) };
  } finally {
    await log.close();
  }
}

function logFileOf({ name, folder }: Pick<ServerProgram, 'name' | 'folder'>): string {
  return join(folder, `${name}.log`);
}

function pidFileOf({ folder }: Pick<ServerProgram, 'folder'>): string {
  return join(folder, 'pid');
}
