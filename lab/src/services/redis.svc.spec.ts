import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../processes/free-port.js';
import { hasEnded } from '../processes/orphan.js';
import { askRedis } from '../testing/ask-redis.js';
import { type Redis, startRedis } from './redis.js';
import { leaveBehind, lendNumber } from './testing/left-behind.js';

/** As many as libuv has for files and keys, unless told otherwise. */
const THREADS = 4;
const KEY_ROUNDS = 50_000;

let folder: string;
let running: Redis[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem redis '));
  running = [];
});

afterEach(async () => {
  for (const redis of running) await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(settings?: Readonly<Record<string, string>>): Promise<Redis> {
  const redis = await startRedis(settings ? { folder, settings } : { folder });
  running.push(redis);
  return redis;
}

describe('a Redis of our own', () => {
  it('keeps what it has answered over kill -9 and a restart, at the same address', async () => {
    const redis = await start();
    const { pid, url } = redis;
    for (let number = 1; number <= 50; number++) await askRedis(redis.url, 'INCR', 'count');
    await redis.kill();
    expect(hasEnded(pid)).toBe(true);
    await expect(askRedis(redis.url, 'PING')).rejects.toThrow();
    await redis.restart();
    expect(redis.url).toBe(url);
    expect(await askRedis(redis.url, 'GET', 'count')).toBe('50');
  });

  it('has the settings that it was given', async () => {
    const redis = await start({ maxmemory: '7mb', 'maxmemory-policy': 'allkeys-lru', appendonly: 'no' });
    expect(await askRedis(redis.url, 'CONFIG', 'GET', 'maxmemory')).toEqual({ maxmemory: '7340032' });
    expect(await askRedis(redis.url, 'CONFIG', 'GET', 'maxmemory-policy')).toEqual({
      'maxmemory-policy': 'allkeys-lru',
    });
    expect(await askRedis(redis.url, 'CONFIG', 'GET', 'appendonly')).toEqual({ appendonly: 'no' });
  });

  it('is silent while it is frozen, and answers again after', async () => {
    const redis = await start();
    redis.signal('SIGSTOP');
    await expect(askRedis(redis.url, 'PING')).rejects.toThrow();
    redis.signal('SIGCONT');
    expect(await askRedis(redis.url, 'PING')).toBe('PONG');
  });

  it('ends the one that a killed parent has left in its folder, and goes on with its data and address', async () => {
    const left = await leaveBehind('redis', folder);
    expect(hasEnded(left)).toBe(false);
    const redis = await start();
    expect(hasEnded(left)).toBe(true);
    expect(await askRedis(redis.url, 'PING')).toBe('PONG');
  });

  it('leaves a process alone that has got the number of one that is gone', async () => {
    const stranger = await lendNumber(folder);
    try {
      await start();
      expect(stranger.isAlive()).toBe(true);
    } finally {
      stranger.end();
    }
  });

  it('takes other ports when those of its last start are taken', async () => {
    const taken = await freePort();
    const server = createServer().listen(taken, '127.0.0.1');
    await once(server, 'listening');
    await writeFile(join(folder, 'ports'), `${taken}\n`);
    try {
      expect((await start()).url).not.toContain(`:${taken}`);
    } finally {
      server.close();
    }
  });

  it('says what its log says when it does not start', async () => {
    await expect(start({ maxmemory: 'plenty' })).rejects.toThrow(/redis ended with exit code 1.*maxmemory/);
  });

  it('says so as well when the server has ended while this process had no time to look', async () => {
    const busy = keepThreadsBusy();
    try {
      await expect(start({ maxmemory: 'plenty' })).rejects.toThrow(/redis ended with exit code 1.*maxmemory/);
    } finally {
      await busy.end();
    }
  });

  it('says that the port is taken when somebody else has it', async () => {
    const taken = await freePort();
    const server = createServer().listen(taken, '127.0.0.1');
    await once(server, 'listening');
    try {
      await expect(start({ port: `${taken}` })).rejects.toThrow(/already in use/i);
    } finally {
      server.close();
    }
  });
});

/** Every file operation of this process waits until `end`, some tenths of a second each. */
function keepThreadsBusy(): { end(): Promise<void> } {
  let goesOn = true;
  const derive = promisify(pbkdf2);
  const keepOneBusy = async () => {
    while (goesOn) await derive('words', 'salt', KEY_ROUNDS, 32, 'sha256');
  };
  const threads = Promise.all(Array.from({ length: 2 * THREADS }, keepOneBusy));
  return {
    async end() {
      goesOn = false;
      await threads;
    },
  };
}
