import type { Metric } from '@tandem/shared';
import { loadMetrics } from '@tandem/shared';
import { type LoadOptions, SeenAnswers, SentEvents } from './load.js';
import { type Random, randomFrom } from './random.js';
import { ledgerDifferences, wrongAnswers } from './right-answers.js';
import { logFaults, seenFaults } from './sound-log.js';
import { TandemClient } from './tandem-client.js';
import { endDatabase, newDataFolder, removeDataFolder, type StartOptions, TandemProcess } from './tandem-process.js';

/** One data folder, the processes that live on it one after the other, and what their clients sent and saw. */
export class FaultScene {
  readonly dataFolder: string;
  readonly metrics: readonly Metric[];
  readonly random: Random;
  readonly sent = new SentEvents();
  readonly seen = new SeenAnswers();
  kills = 0;
  #process: TandemProcess | undefined;

  private constructor(dataFolder: string, metrics: readonly Metric[], seed: number) {
    this.dataFolder = dataFolder;
    this.metrics = metrics;
    this.random = randomFrom(seed);
  }

  static async open(seed: number): Promise<FaultScene> {
    return new FaultScene(await newDataFolder(), await loadMetrics(), seed);
  }

  get process(): TandemProcess {
    if (!this.#process) throw new Error('no process has been started');
    return this.#process;
  }

  get client(): TandemClient {
    return new TandemClient(this.process.url);
  }

  /** Starts the next process on the folder and resolves when it is ready. */
  async start(options: Omit<StartOptions, 'dataFolder'> = {}): Promise<TandemClient> {
    await this.startCold(options);
    await this.process.untilReady();
    return this.client;
  }

  /** The same, but resolves as soon as it listens: it may still be warming up. */
  async startCold(options: Omit<StartOptions, 'dataFolder'> = {}): Promise<TandemClient> {
    // Left over from a test that failed in the middle.
    await this.#endProcess();
    this.#process = new TandemProcess({ ...options, dataFolder: this.dataFolder });
    await this.#process.untilListening();
    return this.client;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.kills++;
    await this.process.kill();
  }

  loadOptions(prefix: string, options: Partial<LoadOptions> = {}): LoadOptions {
    const { client, sent, seen, random } = this;
    return { client, sent, seen, random, prefix, ...options };
  }

  /** Everything that is wrong with the log, with what readers saw, with the answers and with the ledger now. */
  async faults(): Promise<readonly string[]> {
    const revenue = this.metrics.find(({ name }) => name === 'revenue') as Metric;
    return [
      ...(await logFaults(this.dataFolder, this.sent)),
      ...(await wrongAnswers(this.client, this.dataFolder, this.metrics)),
      ...(await seenFaults(this.dataFolder, this.seen, revenue)),
      ...(await ledgerDifferences(this.client)),
    ].slice(0, MOST_FAULTS_SHOWN);
  }

  /** Ends the process and its database, whatever state they are in. */
  async end(): Promise<void> {
    await this.#endProcess();
    await endDatabase(this.dataFolder);
  }

  /** Ends everything and leaves nothing behind. */
  async close(): Promise<void> {
    await this.end();
    await removeDataFolder(this.dataFolder);
  }

  async #endProcess(): Promise<void> {
    if (this.#process && !this.#process.ending) await this.#process.kill();
  }
}

const MOST_FAULTS_SHOWN = 20;
