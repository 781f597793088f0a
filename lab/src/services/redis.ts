import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TandemError } from '@tandem/shared';
import { createClient } from 'redis';
import { endLeftServer, LocalServer } from './local-server.js';
import { startOnPorts } from './ports.js';
import { findPrograms } from './programs.js';
import type { Service } from './service.js';

export type Redis = Service & {
  /** As REDIS_URL takes it. The same after `restart`. */
  readonly url: string;
};

export type RedisOptions = {
  /** Made when it is not there; ours alone: a Redis that an earlier start left running in it is ended. */
  readonly folder: string;
  /** By Redis' names, such as maxmemory, beside or instead of ours. */
  readonly settings?: Readonly<Record<string, string>>;
};

const SETTINGS: Readonly<Record<string, string>> = {
  bind: '127.0.0.1',
  // What was answered is in the file, so kill -9 loses nothing; a power cut loses a second.
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '',
  // Keeps the path of its settings in the command line, which tells it from others.
  'set-proc-title': 'no',
};
const LONGEST_ANSWER_MS = 2_000;

/**
 * Starts a Redis on 127.0.0.1 that keeps its data in the folder; resolves when it answers.
 * Throws `unavailable`, saying what to install or how its log ends.
 */
export async function startRedis({ folder: given, settings }: RedisOptions): Promise<Redis> {
  const folder = resolve(given);
  const { 'redis-server': program } = await findPrograms(['redis-server']);
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'redis.conf');
  await endLeftServer({ name: 'redis', folder, program, mark: file });
  return startOnPorts(folder, 1, async ([port = 0]) => {
    await writeFile(file, linesOf({ ...SETTINGS, port: String(port), dir: folder, ...settings }));
    const url = `redis://127.0.0.1:${port}`;
    const ask = () => askServer(url, file);
    return Object.assign(
      await LocalServer.start({ name: 'redis', program, parameters: [file], folder, mark: file, ask }),
      { url },
    );
  });
}

function linesOf(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}\n`)
    .join('');
}

async function askServer(url: string, file: string): Promise<void> {
  const socket = { connectTimeout: LONGEST_ANSWER_MS, reconnectStrategy: false as const };
  const client = createClient({ url, socket, disableOfflineQueue: true });
  // Without a listener an error would end this process; connect() throws it as well.
  client.on('error', () => {});
  await client.connect();
  try {
    // While it loads its data, every command but a few is refused: then it does not answer yet.
    await client.ping();
    const found = /^config_file:(.*?)\r?$/m.exec(await client.info('server'))?.[1];
    if (found !== file) throw new TandemError('unavailable', `found the Redis of ${found}; allowed is that of ${file}`);
  } finally {
    client.destroy();
  }
}
