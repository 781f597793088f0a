import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const START_DEADLINE_MS = 10_000;

/** A redis-server of a test's own, to be emptied, filled up, frozen and killed. Keeps its files over restarts. */
export class TestRedis {
  readonly port: number;
  readonly #folder: string;
  readonly #settings: readonly string[];
  #server: ChildProcess | null = null;

  /** `settings` as on the command line: ['--appendonly', 'yes']. Without any, nothing is ever saved. */
  static async start(settings: readonly string[] = []): Promise<TestRedis> {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-redis-'));
    const redis = new TestRedis(await freePort(), folder, settings);
    await redis.resume();
    return redis;
  }

  private constructor(port: number, folder: string, settings: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#settings = settings;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again after `kill`. */
  async resume(): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#folder, '--save', ''];
    this.#server = spawn('redis-server', [...args, ...this.#settings], { stdio: 'ignore' });
    const failed = once(this.#server, 'error').then(([error]) => Promise.reject(error));
    await Promise.race([this.#untilListening(), failed]);
  }

  /** SIGKILL, SIGSTOP or SIGCONT. */
  async signal(name: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const gone = name === 'SIGKILL' ? once(server, 'exit') : null;
    server.kill(name);
    await gone;
  }

  async stop(): Promise<void> {
    await this.signal('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #untilListening(): Promise<void> {
    const end = Date.now() + START_DEADLINE_MS;
    while (Date.now() < end) {
      if (await answersPing(this.port)) return;
      await delay(20);
    }
    throw new Error(`redis-server does not listen on port ${this.port} after ${START_DEADLINE_MS} ms`);
  }
}

async function answersPing(port: number): Promise<boolean> {
  const socket = dial(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    return String(answer).startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('found no port');
  return address.port;
}
