import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { TandemError } from '@tandem/shared';
import { Kafka as KafkaClient, logLevel } from 'kafkajs';
import { type JarOptions, kafkaJars } from './kafka-jars.js';
import { endLeftServer, LocalServer } from './local-server.js';
import { startOnPorts } from './ports.js';
import { findPrograms } from './programs.js';
import type { Service } from './service.js';

export type Kafka = Service & {
  /** host:port, as KAFKA_BROKERS takes it. The same after `restart`. */
  readonly brokers: string;
};

export type KafkaOptions = JarOptions & {
  /** Made when it is not there; ours alone: a broker that an earlier start left running in it is ended. */
  readonly folder: string;
  /** Broker settings by Kafka's names, beside or instead of ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** As Java's -Xmx takes it. */
  readonly maxHeap?: string;
};

type Home = {
  readonly folder: string;
  readonly propertiesFile: string;
  readonly java: string;
  readonly classPath: string;
};

/** One broker that is its own controller, made for a machine that does other things too. */
const SETTINGS: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '8',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '4',
  // A group of consumers starts at once, and may notice within a second that a member is gone.
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  // After kill -9 the broker may come back only when its own former session is over.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  // Retention is looked at from the beginning, not half a minute after the start, and what is to be compacted as often.
  'log.initial.task.delay.ms': '1000',
  'log.cleaner.backoff.ms': '1000',
  'num.network.threads': '2',
  'num.io.threads': '4',
};
const DEFAULT_HEAP = '512m';
/** Short programs end sooner when Java does not optimise them. */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-Xshare:auto'];
const LONGEST_FORMAT_MS = 60_000;
const LONGEST_ANSWER_MS = 2_000;

/**
 * Starts a Kafka broker on 127.0.0.1 that keeps its topics in the folder; resolves when it answers a request for metadata.
 * Throws `unavailable`, saying what to install or how its log ends.
 */
export async function startKafka(options: KafkaOptions): Promise<Kafka> {
  const folder = resolve(options.folder);
  const { java } = await findPrograms(['java']);
  const classPath = join(await kafkaJars(options), '*');
  await mkdir(folder, { recursive: true });
  const home = { folder, propertiesFile: join(folder, 'server.properties'), java, classPath };
  await endLeftServer({ name: 'kafka', folder, program: java, mark: home.propertiesFile });
  return startOnPorts(folder, 2, async ([port = 0, controllerPort = 0]) => {
    await writeFile(home.propertiesFile, propertiesOf(folder, port, controllerPort, options.settings));
    const clusterId = await formatOnce(home);
    return startBroker(home, `127.0.0.1:${port}`, clusterId, options.maxHeap ?? DEFAULT_HEAP);
  });
}

async function startBroker(home: Home, brokers: string, clusterId: string, maxHeap: string): Promise<Kafka> {
  const { folder, propertiesFile, java, classPath } = home;
  const server = await LocalServer.start({
    name: 'kafka',
    program: java,
    parameters: [`-Xmx${maxHeap}`, '-Dlog4j2.level=WARN', '-cp', classPath, 'kafka.Kafka', propertiesFile],
    folder,
    mark: propertiesFile,
    ask: () => askBroker(brokers, clusterId),
  });
  return Object.assign(server, { brokers });
}

function propertiesOf(
  folder: string,
  port: number,
  controllerPort: number,
  settings: KafkaOptions['settings'],
): string {
  const all = {
    ...SETTINGS,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': dataFolderOf(folder),
    ...settings,
  };
  // Backslashes begin an escape in such files.
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

/** Makes the data folder unless an earlier start has finished making it. Returns the id of the cluster. */
async function formatOnce({ folder, propertiesFile, java, classPath }: Home): Promise<string> {
  const done = join(folder, 'cluster-id');
  const known = await readFile(done, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.trim();
  await rm(dataFolderOf(folder), { recursive: true, force: true });
  const clusterId = newClusterId();
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesFile];
  await promisify(execFile)(java, [...SHORT_LIVED, '-cp', classPath, ...format], { timeout: LONGEST_FORMAT_MS });
  await writeFile(done, `${clusterId}\n`, { flush: true });
  return clusterId;
}

/** 16 bytes in base64; Kafka takes one that begins with a dash for an option. */
function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0;
  return bytes.toString('base64url');
}

async function askBroker(brokers: string, clusterId: string): Promise<void> {
  const admin = new KafkaClient({
    clientId: 'tandem-services',
    brokers: [brokers],
    connectionTimeout: LONGEST_ANSWER_MS,
    requestTimeout: LONGEST_ANSWER_MS,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  }).admin();
  try {
    await admin.connect();
    const found = await admin.describeCluster();
    if (found.clusterId !== clusterId) {
      throw new TandemError('unavailable', `found the cluster ${found.clusterId}; allowed is ours, ${clusterId}`);
    }
    if (found.brokers.length === 0) throw new TandemError('unavailable', 'the broker does not yet know of itself');
  } finally {
    await admin.disconnect();
  }
}

function dataFolderOf(folder: string): string {
  return join(folder, 'data');
}
