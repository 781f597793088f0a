import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TandemError } from '@tandem/shared';
import { freePort } from '../free-port.js';
import { JAVA, MAVEN, requirePrograms } from './programs.js';
import { Service } from './service.js';

export type KafkaOptions = {
  readonly folder: string;
  readonly port?: number;
  readonly controllerPort?: number;
  /** Broker settings beside the ones here. */
  readonly settings?: Readonly<Record<string, string>>;
};

const POM = fileURLToPath(new URL('../../services/pom.xml', import.meta.url));
/** The jars are the same for every folder: fetched once, and again only with another version. */
const JARS = join(homedir(), '.cache', 'tandem', 'kafka-4.1.1');
const FETCHED = join(JARS, 'complete');
const HEAP = '-Xmx512m';

/**
 * Starts a Kafka broker (KRaft, one node, one JVM) on 127.0.0.1; fetches its jars by Maven the first time.
 * Throws `configuration-invalid` without Java or Maven, `unavailable` when it does not start.
 */
export async function startKafka({ folder, port, controllerPort, settings = {} }: KafkaOptions): Promise<Service> {
  await requirePrograms(existsSync(FETCHED) ? [JAVA] : [JAVA, MAVEN]);
  await fetchJars();
  const ports = { broker: port ?? (await freePort()), controller: controllerPort ?? (await freePort()) };
  const properties = join(folder, 'server.properties');
  await mkdir(folder, { recursive: true });
  await writeFile(properties, propertiesText({ ...brokerSettings(folder, ports), ...settings }));
  await format(properties, folder);
  const command = ['java', HEAP, '-cp', join(JARS, '*'), 'kafka.Kafka', properties] as const;
  return Service.start({ name: 'kafka', folder, port: ports.broker, command: [...command] });
}

function brokerSettings(folder: string, ports: { broker: number; controller: number }) {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    listeners: `PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.broker}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'log.dirs': join(folder, 'data'),
    'auto.create.topics.enable': 'false',
    // Acknowledged means durable: there is no second broker that would have it.
    'log.flush.interval.messages': '10000',
    'log.flush.interval.ms': '200',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
  };
}

function propertiesText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '/')}\n`)
    .join('');
}

/** Changes nothing in a folder that has been formatted before. */
async function format(properties: string, folder: string): Promise<void> {
  if (existsSync(join(folder, 'data', 'meta.properties'))) return;
  const storage = ['-cp', join(JARS, '*'), 'kafka.tools.StorageTool'];
  const { stdout } = await promisify(execFile)('java', [...storage, 'random-uuid']);
  const id = stdout.trim().split('\n').at(-1) ?? '';
  await promisify(execFile)('java', [...storage, 'format', '-t', id, '-c', properties]);
}

async function fetchJars(): Promise<void> {
  if (existsSync(FETCHED)) return;
  process.stderr.write('Fetching the Kafka broker (about 110 MB) from Maven Central. This is done once.\n');
  const goals = ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${JARS}`];
  const [code] = await once(spawn('mvn', goals, { stdio: ['ignore', 2, 2] }), 'exit');
  if (code !== 0) {
    throw new TandemError('unavailable', `mvn ended with code ${code} and fetched no Kafka; its message stands above`);
  }
  await writeFile(FETCHED, '');
}
