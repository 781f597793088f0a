import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadMetrics, type Metric, zeroOffsets } from '@tandem/shared';
import { openKafkaEventLog } from '@tandem/shared/adapters/kafka/kafka-event-log';
import type { PositionedValue } from '@tandem/shared/testing/oracle';
import { createTestDatabase } from '@tandem/shared/testing/test-database';
import { freePort } from '../processes/free-port.js';
import { amidLoad, type LoadOptions, SeenAnswers, SentEvents } from './load.js';
import { type Random, randomFrom } from './random.js';
import { ledgerDifferences, wrongAnswers } from './right-answers.js';
import { logFaults, seenFaults } from './sound-log.js';
import { TandemClient } from './tandem-client.js';
import { RunningProgram, waitFor } from './tandem-process.js';

export type Layer = 'batch-layer' | 'speed-layer' | 'serving-layer';

export type StartOverrides = {
  /** Another program than the layer's own. */
  readonly program?: string;
  /** Before the scene's own. */
  readonly settings?: Settings;
};

export type ProcessesOptions = {
  readonly brokers: string;
  readonly redisUrl: string;
  readonly seed: number;
  readonly settings?: Settings;
  /** An empty database of the test's own; when absent, a new one in the Postgres of all tests. */
  readonly postgresUrl?: string;
};
export type Settings = Readonly<Record<string, string>>;

type SceneDatabase = { readonly url: string; drop?(): Promise<void> };

const PARTITIONS = 4;
const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;
const MOST_FAULTS_SHOWN = 20;
const SETTLING_MS = 500;
const STORM_PAUSE_MS = 2_000;

const SETTINGS: Settings = {
  HOST: '127.0.0.1',
  BATCH_SCHEDULE: 'off',
  LOG_LEVEL: 'info',
  SPEED_WORKERS: '1',
  SPEED_DROP_POLL_MS: '100',
  BATCH_LEASE_MS: '1000',
  KAFKA_SESSION_TIMEOUT_MS: '3000',
  LOG_PARTITIONS: String(PARTITIONS),
};

/** The three layers as processes of their own over real services, and what their clients sent and saw. */
export class ProcessesScene {
  readonly metrics: readonly Metric[];
  readonly random: Random;
  readonly sent = new SentEvents();
  readonly seen = new SeenAnswers();
  readonly topic = `scene.${randomUUID()}`;
  readonly #options: ProcessesOptions;
  readonly #database: SceneDatabase;
  readonly #folder: string;
  readonly #programs = new Map<string, RunningProgram>();
  readonly #port: string;

  private constructor(
    options: ProcessesOptions,
    metrics: readonly Metric[],
    database: SceneDatabase,
    folder: string,
    port: number,
  ) {
    this.#options = options;
    this.#port = String(port);
    this.metrics = metrics;
    this.#database = database;
    this.#folder = folder;
    this.random = randomFrom(options.seed);
  }

  static async open(options: ProcessesOptions): Promise<ProcessesScene> {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-processes-'));
    const { postgresUrl } = options;
    const database = postgresUrl === undefined ? await createTestDatabase(PARTITIONS) : { url: postgresUrl };
    // One for all serving layers: clients go on asking there, and must not be given it for themselves meanwhile.
    return new ProcessesScene(options, await loadMetrics(), database, folder, await freePort());
  }

  get client(): TandemClient {
    return new TandemClient(`http://127.0.0.1:${this.#port}`);
  }

  /** Of this scene's files; it is removed at the end. */
  get folder(): string {
    return this.#folder;
  }

  get databaseUrl(): string {
    return this.#database.url;
  }

  /** Names of the layers that run no more. */
  get ended(): readonly string[] {
    return [...this.#programs].flatMap(([name, { ending }]) => (ending ? [name] : []));
  }

  /** One of each layer; resolves when every answer is provable. */
  async startAll(): Promise<void> {
    for (const layer of ['batch-layer', 'speed-layer', 'serving-layer'] as const) await this.start(layer);
    await this.untilReady();
  }

  /** Starts a layer and resolves once it says where it answers. `name` tells several of one layer apart. */
  async start(layer: Layer, name: string = layer, overrides: StartOverrides = {}): Promise<RunningProgram> {
    const main = fileURLToPath(new URL(`../../../${layer}/dist/main.js`, import.meta.url));
    const program = new RunningProgram(overrides.program ?? main, [], {
      ...SETTINGS,
      ...this.#options.settings,
      POSTGRES_URL: this.#database.url,
      KAFKA_BROKERS: this.#options.brokers,
      KAFKA_TOPIC: this.topic,
      REDIS_URL: this.#options.redisUrl,
      MASTER_DATASET: join(this.#folder, 'master-dataset'),
      PORT: this.#port,
      ...overrides.settings,
    });
    this.#programs.set(name, program);
    await waitFor(`an address in the output of the ${name}`, () => {
      if (program.ending)
        throw new Error(`the ${name} ended with ${JSON.stringify(program.ending)}:\n${program.output}`);
      return ADDRESS.test(program.output);
    });
    return program;
  }

  program(name: string): RunningProgram {
    const program = this.#programs.get(name);
    if (!program) throw new Error(`no ${name} has been started`);
    return program;
  }

  async untilReady(): Promise<void> {
    let reason = '';
    await waitFor('/ready to say 200', async () => {
      const reply = await this.client.get('/ready').catch(() => undefined);
      reason = reply?.text ?? 'no answer';
      return reply?.status === 200;
    }).catch((error) => {
      throw new Error(
        `${error.message}: ${reason}\n${[...this.#programs.values()].map(({ output }) => output).join('\n')}`,
      );
    });
  }

  loadOptions(prefix: string, options: Partial<LoadOptions> = {}): LoadOptions {
    const { client, sent, seen, random } = this;
    return { client, sent, seen, random, prefix, ...options };
  }

  /** Lets clients work while `fault` happens; resolves with everything that is wrong once all is ready again. */
  async underLoad(
    prefix: string,
    fault: () => Promise<void>,
    options: Partial<LoadOptions> = {},
  ): Promise<readonly string[]> {
    await amidLoad(this.loadOptions(prefix, options), async () => {
      await fault();
      await sleep(SETTLING_MS);
    });
    await this.untilReady();
    return this.faults();
  }

  /** A worker that leaves and joins again, so many times. */
  async storm(name: string, turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) {
      await this.program(name).stop();
      await sleep(STORM_PAUSE_MS);
      await this.start('speed-layer', name);
      await sleep(STORM_PAUSE_MS);
    }
  }

  /** Everything that is wrong with the log, with what readers saw, with the answers and with the ledger now. */
  async faults(): Promise<readonly string[]> {
    const revenue = this.metrics.find(({ name }) => name === 'revenue') as Metric;
    await this.client.untilCaughtUp();
    // Nobody appends events now, and reading all of a topic takes seconds: once is enough.
    const log = await this.readLog();
    const read = async () => log;
    return [
      ...(await logFaults(read, this.sent)),
      ...(await wrongAnswers(this.client, read, this.metrics)),
      ...(await seenFaults(read, this.seen, revenue)),
      ...(await ledgerDifferences(this.client)),
    ].slice(0, MOST_FAULTS_SHOWN);
  }

  /** Every record of the log, read from its topic by itself. */
  async readLog(): Promise<readonly PositionedValue[]> {
    const brokers = this.#options.brokers.split(',');
    const log = await openKafkaEventLog({ brokers, topic: this.topic, partitions: PARTITIONS });
    try {
      const records: PositionedValue[] = [];
      for await (const batch of log.read(zeroOffsets(PARTITIONS), { until: await log.endOffsets() })) {
        records.push(...batch.records.map((record) => ({ ...record, partition: batch.partition })));
      }
      return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
    } finally {
      await log.close();
    }
  }

  async close(): Promise<void> {
    for (const program of this.#programs.values()) {
      program.signal('SIGCONT');
      if (!program.ending) await program.kill();
    }
    await this.#database.drop?.();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
