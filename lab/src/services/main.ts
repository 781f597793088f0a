import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createLogger, TandemError } from '@tandem/shared';
import { lockDataFolder } from '../data-folder-lock.js';
import { startEmbeddedPostgres } from '../embedded-postgres/start-embedded-postgres.js';
import { explainFailure } from '../explain-failure.js';
import { RunningParts } from '../running-parts.js';
import { startKafka } from './kafka.js';
import { startRedis } from './redis.js';

const HELP = `npm run services -- [--folder FOLDER] [--only kafka,redis,postgres]

Starts a real Kafka, Redis and Postgres on free ports of this machine, with their data in FOLDER (./services-data), prints
the variables that point Tandem at them, and stops them on Ctrl-C. Kafka needs Java 17 and Maven, Redis redis-server;
Postgres comes along.`;

const SERVICES = ['kafka', 'redis', 'postgres'] as const;
type ServiceName = (typeof SERVICES)[number];

/** Starts the services and runs until SIGTERM, SIGINT, or the death of one. Resolves with the exit code. */
export async function main(parameters: readonly string[]): Promise<number> {
  const stopSignal = nextStopSignal();
  const parts = new RunningParts(createLogger('services', 'warn'));
  try {
    const options = readOptions(parameters);
    if (options === 'help') {
      console.log(HELP);
      return 0;
    }
    const death = new Promise<string>((onDeath) => {
      void startAll(options, parts, onDeath).then(
        (lines) => console.log([...lines, '', 'They run until Ctrl-C.'].join('\n')),
        (error) => onDeath(explainFailure('The services cannot start', error)),
      );
    });
    const why = await Promise.race([stopSignal, death]);
    if (why) console.error(why);
    return (await parts.stopAll()) && !why ? 0 : 1;
  } catch (error) {
    console.error(explainFailure('services', error));
    return 1;
  }
}

type Options = { readonly folder: string; readonly only: readonly ServiceName[] };

function readOptions(parameters: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...parameters],
    options: { folder: { type: 'string' }, only: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) return 'help';
  const only = values.only?.split(',') ?? SERVICES;
  const unknown = only.filter((name) => !SERVICES.includes(name as ServiceName));
  if (unknown.length > 0) {
    throw new TandemError('request-invalid', `--only: found ${unknown.join(', ')}; allowed are ${SERVICES.join(', ')}`);
  }
  return { folder: resolve(values.folder ?? 'services-data'), only: only as ServiceName[] };
}

/** Starts them one after the other and resolves with the lines that set the variables. */
async function startAll(
  { folder, only }: Options,
  parts: RunningParts,
  onDeath: (how: string) => void,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const lock = await lockDataFolder(folder);
  parts.add('lock of the folder', () => lock.release());
  const starters: Record<ServiceName, () => Promise<string>> = {
    kafka: async () => {
      const kafka = await startKafka({ folder: join(folder, 'kafka') });
      parts.add('Kafka', () => kafka.stop(), LONGEST_STOP_MS);
      kafka.onDeath = onDeath;
      return `export KAFKA_BROKERS=${kafka.address}`;
    },
    redis: async () => {
      const redis = await startRedis({ folder: join(folder, 'redis') });
      parts.add('Redis', () => redis.stop(), LONGEST_STOP_MS);
      redis.onDeath = onDeath;
      return `export REDIS_URL=${redis.url}`;
    },
    postgres: async () => {
      const postgres = await startEmbeddedPostgres({ dataFolder: folder, logger: createLogger('services', 'warn') });
      parts.add('Postgres', () => postgres.stop(), LONGEST_STOP_MS);
      return `export POSTGRES_URL=${postgres.url}`;
    },
  };
  const lines: string[] = [];
  for (const name of only) lines.push(await starters[name]());
  return lines;
}

const LONGEST_STOP_MS = 32_000;

function nextStopSignal(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop());
  });
}
