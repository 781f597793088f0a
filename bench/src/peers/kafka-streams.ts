import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageOf, TandemError } from '@tandem/shared';
import { type Reading, readBy } from '../harness/peer-process.js';

/**
 * `durable`: state in a changelog, `exactly_once_v2`: survives a crash as if there had been none.
 * `volatile`: neither; a crash loses the state.
 */
export type StreamsMode = 'durable' | 'volatile';

export type StreamsOptions = {
  readonly brokers: string;
  readonly topic: string;
  readonly mode: StreamsMode;
  /** Reach of the duplicate window, in records of one partition: the speed layer's. */
  readonly reach: number;
  /** Absolute; a new one for each reading. */
  readonly folder: string;
};

const PROJECT = fileURLToPath(new URL('../../peers/kafka-streams/', import.meta.url));
/** One for each core of the measured machine, as the speed layer has workers. */
const THREADS = 2;
/** How often state and offsets are committed: not less often than the speed layer makes its state visible. */
const COMMIT_MS = 100;
/** The quickest collector for throughput, room for what dies young, and memory that is there when the reading begins. */
const JAVA_FLAGS = [
  '-XX:+UseParallelGC',
  '-Xms2g',
  '-Xmx2g',
  '-Xmn1g',
  '-XX:+AlwaysPreTouch',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
];

/** Builds the peer with Maven, whose progress is shown. Throws `unavailable` when it cannot. */
export async function buildKafkaStreamsPeer(): Promise<void> {
  const maven = spawn('mvn', ['-B', '-ntp', '-q', 'package'], {
    cwd: PROJECT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  try {
    const [code] = (await once(maven, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`found exit code ${code}`);
  } catch (error) {
    throw new TandemError(
      'unavailable',
      `mvn package in ${PROJECT}: ${messageOf(error)}; needed are Java 17 or newer and Maven 3.8 or newer ("apt-get install openjdk-17-jdk-headless maven")`,
    );
  }
}

/** The speed layer's work by Kafka Streams: one pass over the topic, to where it ends now, with a state of its own. */
export function readByKafkaStreams({ brokers, topic, mode, reach, folder }: StreamsOptions): Promise<Reading> {
  return readBy('java', [
    ...JAVA_FLAGS,
    '-cp',
    join(PROJECT, 'target', 'lib', '*'),
    'tandem.peer.Main',
    `brokers=${brokers}`,
    `topic=${topic}`,
    `mode=${mode}`,
    `application=bench-${randomUUID()}`,
    `folder=${folder}`,
    `threads=${THREADS}`,
    `reach=${reach}`,
    `commit-ms=${COMMIT_MS}`,
  ]);
}
