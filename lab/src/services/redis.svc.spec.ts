import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient } from 'redis';
import { freePort } from '../processes/free-port.js';
import { hasEnded } from '../processes/orphan.js';
import { type Redis, startRedis } from './redis.js';
import { leaveBehind, lendNumber } from './testing/left-behind.js';

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

async function ask(redis: Redis, ...words: string[]): Promise<unknown> {
  const socket = { connectTimeout: 500, socketTimeout: 1_000, reconnectStrategy: false as const };
  const client = createClient({ url: redis.url, socket });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(words);
  } finally {
    client.destroy();
  }
}

describe('a Redis of our own', () => {
  it('keeps what it has answered over kill -9 and a restart, at the same address', async () => {
    const redis = await start();
    const { pid, url } = redis;
    for (let number = 1; number <= 50; number++) await ask(redis, 'INCR', 'count');
    await redis.kill();
    expect(hasEnded(pid)).toBe(true);
    await expect(ask(redis, 'PING')).rejects.toThrow();
    await redis.restart();
    expect(redis.url).toBe(url);
    expect(await ask(redis, 'GET', 'count')).toBe('50');
  });

  it('has the settings that it was given', async () => {
    const redis = await start({ maxmemory: '7mb', 'maxmemory-policy': 'allkeys-lru', appendonly: 'no' });
    expect(await ask(redis, 'CONFIG', 'GET', 'maxmemory')).toEqual({ maxmemory: '7340032' });
    expect(await ask(redis, 'CONFIG', 'GET', 'maxmemory-policy')).toEqual({ 'maxmemory-policy': 'allkeys-lru' });
    expect(await ask(redis, 'CONFIG', 'GET', 'appendonly')).toEqual({ appendonly: 'no' });
  });

  it('is silent while it is frozen, and answers again after', async () => {
    const redis = await start();
    redis.signal('SIGSTOP');
    await expect(ask(redis, 'PING')).rejects.toThrow();
    redis.signal('SIGCONT');
    expect(await ask(redis, 'PING')).toBe('PONG');
  });

  it('ends the one that a killed parent has left in its folder, and goes on with its data and address', async () => {
    const left = await leaveBehind('redis', folder);
    expect(hasEnded(left)).toBe(false);
    const redis = await start();
    expect(hasEnded(left)).toBe(true);
    expect(await ask(redis, 'PING')).toBe('PONG');
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

  it('says that the port is taken when somebody else has it', async () => {
    const taken = await freePort();
    const server = createServer().listen(taken, '127.0.0.1');
    try {
      await expect(start({ port: `${taken}` })).rejects.toThrow(/already in use/i);
    } finally {
      server.close();
    }
  });
});
