import { mkdir } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLogger } from '@tandem/shared';
import { lockDataFolder } from '../data-folder-lock.js';
import { explainFailure } from '../explain-failure.js';
import { type CommandLine, describeOptions, type Options, readCommandLine, refuse } from '../producer/command-line.js';
import { startKafka } from './kafka.js';
import { startPostgres } from './postgres.js';
import { findPrograms, type ProgramName } from './programs.js';
import { startRedis } from './redis.js';
import { SERVICE_NAMES, type Service, type ServiceName } from './service.js';

const OPTIONS: Options = {
  only: { value: 'NAMES', does: `which to start (default: ${SERVICE_NAMES.join(',')})` },
  folder: { value: 'FOLDER', does: 'where their data, settings and logs lie (default: ./services-data)' },
  help: { does: 'shows this' },
};

const HELP = `Usage: npm run services -- [options]

Starts a real Kafka, Redis and Postgres on free ports of this machine and prints the variables that tell Tandem where
they are. Ctrl-C stops them. The same folder gives the same data and, where they are still free, the same ports.

${describeOptions(OPTIONS)}
`;

/** What a service needs that npm does not bring; Maven is looked for only when Kafka's jars are to be fetched. */
const PROGRAMS: Readonly<Record<ServiceName, readonly ProgramName[]>> = {
  kafka: ['java'],
  redis: ['redis-server'],
  postgres: [],
};

type Start = { readonly folder: string; readonly signal: AbortSignal };
/** A running service and the variable that says where it is. */
type Started = { readonly service: Service; readonly variable: string; readonly value: string };

const STARTS: Readonly<Record<ServiceName, (start: Start) => Promise<Started>>> = {
  kafka: async ({ folder, signal }) => {
    const kafka = await startKafka({ folder, signal, onProgress: (line) => console.error(line) });
    return { service: kafka, variable: 'KAFKA_BROKERS', value: kafka.brokers };
  },
  redis: async ({ folder }) => {
    const redis = await startRedis({ folder });
    return { service: redis, variable: 'REDIS_URL', value: redis.url };
  },
  postgres: async ({ folder }) => {
    const postgres = await startPostgres({ folder, logger: createLogger('services', 'warn') });
    return { service: postgres, variable: 'POSTGRES_URL', value: postgres.url };
  },
};

/** Runs `npm run services` with the arguments after its name; resolves with the exit code: 0 when all ran to the end. */
export async function main(argv: readonly string[]): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  try {
    const commandLine = readCommandLine(argv, OPTIONS);
    if (commandLine.given['help']) {
      console.log(HELP);
      return 0;
    }
    return await runServices(namesOf(commandLine), commandLine.given['folder'] ?? './services-data', stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) return 1;
    console.error(explainFailure('services', error));
    return 1;
  }
}

async function runServices(names: readonly ServiceName[], folder: string, stopping: AbortSignal): Promise<number> {
  await findPrograms(names.flatMap((name) => PROGRAMS[name]));
  await mkdir(folder, { recursive: true });
  const lock = await lockDataFolder(folder, '--folder');
  const started = await startAll(names, resolve(folder), stopping);
  let exitCode = 0;
  for (const { service } of started) {
    void service.ended.then((how) => {
      if (stopping.aborted) return;
      exitCode = 1;
      console.error(deathOf(service, how));
    });
  }
  console.log(variablesOf(started, folder));
  await aborted(stopping);
  await Promise.all(started.map(({ service }) => service.stop()));
  lock.release();
  return exitCode;
}

/** Starts them side by side. When one does not start, the others are stopped and its error is thrown. */
async function startAll(
  names: readonly ServiceName[],
  folder: string,
  signal: AbortSignal,
): Promise<readonly Started[]> {
  const starts = await Promise.allSettled(names.map((name) => startOne(name, { folder: join(folder, name), signal })));
  const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const failed = starts.find((start) => start.status === 'rejected');
  if (!failed) return started;
  await Promise.all(started.map(({ service }) => service.stop()));
  throw failed.reason;
}

async function startOne(name: ServiceName, start: Start): Promise<Started> {
  const beganAt = performance.now();
  const started = await STARTS[name](start);
  const seconds = ((performance.now() - beganAt) / 1000).toFixed(1);
  console.error(`${name} answers after ${seconds} s (process ${started.service.pid}, log ${started.service.logFile})`);
  return started;
}

function variablesOf(started: readonly Started[], folder: string): string {
  const lines = started.map(({ variable, value }) => `export ${variable}=${value}`);
  return `
Paste this where Tandem is to use them:

${lines.join('\n')}

Ctrl-C stops them. Their data stays in ${relative('', folder) || folder}; the next start finds it again.`;
}

function deathOf({ name, logFile }: Service, how: string): string {
  return `${name} ended with ${how}; the others go on. Its log is ${logFile}. Ctrl-C and the same command bring it back with its data.`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function namesOf({ positionals, given }: CommandLine): readonly ServiceName[] {
  if (positionals.length > 0) refuse(`found ${JSON.stringify(positionals[0])}`, 'options only; --help lists them');
  const wanted = given['only']?.split(',').map((name) => name.trim()) ?? SERVICE_NAMES;
  const unknown = wanted.find((name) => !SERVICE_NAMES.some((known) => known === name));
  if (unknown !== undefined) refuse(`--only: found ${JSON.stringify(unknown)}`, SERVICE_NAMES.join(', '));
  return SERVICE_NAMES.filter((name) => wanted.includes(name));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main(process.argv.slice(2)));
