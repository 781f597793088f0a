import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@tandem/shared';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import { deleteDataFolder } from '../embedded-postgres/cluster-home.js';
import { type Postgres, startPostgres } from '../services/postgres.js';
import { type HeldRun, runUntil } from './cut-off-runs.js';
import { amidLoad } from './load.js';
import { PostgresProxy, type Statement } from './postgres-proxy.js';
import { ProcessesScene, type Settings } from './processes-scene.js';
import type { RunningProgram } from './tandem-process.js';

/** Gentle: the oracle reads all of the log each time. */
const LOAD_PAUSE_MS = 100;

/** Three processes with a Postgres of their own, which may be taken from them, and which two of them see through a proxy. */
export class PostgresScene {
  readonly postgres: Postgres;
  readonly layers: ProcessesScene;
  readonly ofBatch: PostgresProxy;
  readonly ofServing: PostgresProxy;
  readonly #folder: string;

  /** Resolves when every answer is provable. */
  static async open(seed: number, settings: Settings = {}): Promise<PostgresScene> {
    const folder = await mkdtemp(join(tmpdir(), 'tandem-postgres-'));
    const postgres = await startPostgres({ folder, logger: createLogger('test', 'silent') });
    const services = { brokers: testKafkaBrokers().join(','), redisUrl: testRedisUrl(), postgresUrl: postgres.url };
    const layers = await ProcessesScene.open({ ...services, seed, settings });
    const proxies = [await PostgresProxy.start(postgres.url), await PostgresProxy.start(postgres.url)] as const;
    const scene = new PostgresScene(folder, postgres, layers, proxies);
    await scene.startBatch();
    await layers.start('speed-layer');
    await layers.start('serving-layer', 'serving-layer', { settings: { POSTGRES_URL: scene.ofServing.url } });
    await layers.untilReady();
    return scene;
  }

  private constructor(
    folder: string,
    postgres: Postgres,
    layers: ProcessesScene,
    [ofBatch, ofServing]: readonly [PostgresProxy, PostgresProxy],
  ) {
    this.#folder = folder;
    this.postgres = postgres;
    this.layers = layers;
    this.ofBatch = ofBatch;
    this.ofServing = ofServing;
  }

  startBatch(settings: Settings = {}): Promise<RunningProgram> {
    return this.layers.start('batch-layer', 'batch-layer', {
      settings: { POSTGRES_URL: this.ofBatch.url, ...settings },
    });
  }

  underLoad(prefix: string, fault: () => Promise<void>): Promise<void> {
    return amidLoad(this.layers.loadOptions(prefix, { runs: false, pauseMs: LOAD_PAUSE_MS }), fault);
  }

  /** Asks for a run and stops it at a statement. */
  runUntil(isMeant: (statement: Statement) => boolean): Promise<HeldRun<'batch-layer'>> {
    return runUntil(this.layers.client, { 'batch-layer': this.ofBatch }, isMeant);
  }

  /** Stops Postgres as `pg_ctl stop -m immediate` does and starts it again; resolves when every answer is provable. */
  async bouncePostgres(): Promise<void> {
    await this.postgres.stopImmediately();
    await this.postgres.restart();
    await this.layers.untilReady();
  }

  /** What is wrong once the next run is published, with nobody sending any more. */
  async faultsAfterNextRun(): Promise<readonly string[]> {
    await this.layers.client.publish();
    const left = await this.linesAboveBoundary();
    return [...(left === 0 ? [] : [`the run left ${left} line items to the speed layer`]), ...(await this.faults())];
  }

  async faults(): Promise<readonly string[]> {
    const ended = this.layers.ended.map((name) => `the ${name} has ended`);
    return [...ended, ...(await this.layers.faults())];
  }

  /** Line items that the current run does not cover. */
  async linesAboveBoundary(): Promise<number | null | undefined> {
    return (await this.layers.client.answer('/metrics/revenue')).speed['line_items'];
  }

  async close(): Promise<void> {
    await this.layers.close();
    await this.ofBatch.stop();
    await this.ofServing.stop();
    await this.postgres.stop();
    await deleteDataFolder(this.#folder);
  }
}
