import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { createClient } from 'redis';
import { deleteDataFolder } from '../embedded-postgres/cluster-home.js';
import { hasEnded } from '../processes/orphan.js';
import { RunningProgram, waitFor } from '../testing/tandem-process.js';

// Whole servers start here; on a busy machine that takes a while.
jest.setTimeout(180_000);

const COMMANDS = fileURLToPath(new URL('../../bin/tandem.mjs', import.meta.url));

let folder: string;
let started: RunningProgram[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-services-'));
  await chmod(folder, 0o755);
  started = [];
});

afterEach(async () => {
  for (const services of started) if (services.ending === undefined) await services.stop();
  await deleteDataFolder(join(folder, 'postgres'));
  await deleteDataFolder(folder);
});

function run(...parameters: string[]): RunningProgram {
  const services = new RunningProgram(COMMANDS, ['services', '--folder', folder, ...parameters], {});
  started.push(services);
  return services;
}

/** The variables that it has printed, by name. */
async function variablesOf(services: RunningProgram): Promise<Readonly<Record<string, string>>> {
  await waitFor('the variables', () => {
    if (services.ending) throw new Error(`ended with ${JSON.stringify(services.ending)}:\n${services.output}`);
    return services.output.includes('Ctrl-C stops them');
  });
  return Object.fromEntries(
    [...services.output.matchAll(/^export (\w+)=(\S+)$/gm)].map(([, name, value]) => [name, value]),
  );
}

function pidsOf(services: RunningProgram): Readonly<Record<string, number>> {
  const found = services.output.matchAll(/^(\w+) answers after .*\(process (\d+),/gm);
  return Object.fromEntries([...found].map(([, name, pid]) => [name, Number(pid)]));
}

async function pingRedis(url: string | undefined): Promise<string> {
  const client = createClient({ url: url ?? '', socket: { reconnectStrategy: false } });
  client.on('error', () => {});
  await client.connect();
  return client.ping().finally(() => client.destroy());
}

async function brokersSeenBy(brokers: string | undefined): Promise<number> {
  const admin = new Kafka({ brokers: [brokers ?? ''], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const cluster = await admin.describeCluster().finally(() => admin.disconnect());
  return cluster.brokers.length;
}

async function selectOne(url: string | undefined): Promise<unknown> {
  const client = new pg.Client({ connectionString: url ?? '' });
  await client.connect();
  return client
    .query('SELECT 1 AS one')
    .then(({ rows }) => rows, undefined)
    .finally(() => client.end());
}

describe('npm run services', () => {
  it('starts all three, prints where they are, and stops them when told to', async () => {
    const services = run();
    const { KAFKA_BROKERS, REDIS_URL, POSTGRES_URL } = await variablesOf(services);
    expect(await brokersSeenBy(KAFKA_BROKERS)).toBe(1);
    expect(await pingRedis(REDIS_URL)).toBe('PONG');
    expect(await selectOne(POSTGRES_URL)).toEqual([{ one: 1 }]);
    const pids = Object.values(pidsOf(services));
    expect(pids).toHaveLength(3);
    expect(await services.stop()).toEqual({ code: 0, signal: null });
    expect(pids.filter(hasEnded)).toEqual(pids);
  });

  it('starts again where a killed one has left its servers, at the same addresses', async () => {
    const first = run();
    const before = await variablesOf(first);
    const left = Object.values(pidsOf(first));
    await first.kill();
    expect(left.filter(hasEnded)).toEqual([]);
    const second = run();
    expect(await variablesOf(second)).toEqual(before);
    expect(left.filter(hasEnded)).toEqual(left);
    expect(await pingRedis(before['REDIS_URL'])).toBe('PONG');
  });

  it('starts only those that are asked for, says which one dies, and lets the others go on', async () => {
    const services = run('--only', 'redis,postgres');
    const { KAFKA_BROKERS, REDIS_URL, POSTGRES_URL } = await variablesOf(services);
    expect(KAFKA_BROKERS).toBeUndefined();
    expect(await pingRedis(REDIS_URL)).toBe('PONG');
    process.kill(pidsOf(services)['redis'] ?? 0, 'SIGKILL');
    await waitFor('the name of the dead', () => services.output.includes('redis ended with signal SIGKILL'));
    expect(await selectOne(POSTGRES_URL)).toEqual([{ one: 1 }]);
    expect(await services.stop()).toEqual({ code: 1, signal: null });
  });

  it('refuses a folder in which another one is at work, and does that one no harm', async () => {
    const { REDIS_URL } = await variablesOf(run('--only', 'redis'));
    const second = run('--only', 'redis');
    expect((await second.ended).code).toBe(1);
    expect(second.output).toMatch(/--folder: found .* in use by process \d+/);
    expect(await pingRedis(REDIS_URL)).toBe('PONG');
  });

  it('refuses an unknown service, naming the known ones', async () => {
    const services = run('--only', 'redis,rabbitmq');
    expect((await services.ended).code).toBe(1);
    expect(services.output).toContain('--only: found "rabbitmq"; allowed: kafka, redis, postgres');
  });
});
