import {
  createLogger,
  type EventInput,
  type EventLog,
  loadMetrics,
  type Metric,
  type Offsets,
  type RealtimeViewStore,
  type RunStore,
} from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { MemoryRealtimeViewStore } from '@tandem/shared/adapters/memory/memory-realtime-view-store';
import { PostgresDeadLetters } from '@tandem/shared/adapters/postgres/postgres-dead-letters';
import { PostgresRunStore } from '@tandem/shared/adapters/postgres/postgres-run-store';
import { createTestDatabase, type TestDatabase } from '@tandem/shared/testing/test-database';
import { servingConfigSchema } from '../config.js';
import { startServingLayer } from '../main.js';
import { FoldedView, recordsOf } from './folded-view.js';
import { publishByOracle } from './published-run.js';

export const PARTITIONS = 4;

export type HouseOptions = {
  readonly metrics?: readonly Metric[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Put in place of the real ones, to look at or disturb what the layer does. */
  readonly wrapLog?: (log: EventLog) => EventLog;
  readonly wrapRuns?: (runs: RunStore) => RunStore;
  readonly wrapStore?: (store: RealtimeViewStore) => RealtimeViewStore;
};

/** The members of a problem that tests look at. */
export type ProblemBody = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason?: string;
  readonly reasons?: readonly string[];
  readonly allowed?: unknown;
  readonly accepted?: number;
  readonly refused?: readonly unknown[];
  readonly refused_count?: number;
  readonly groups?: number;
  readonly id?: number;
};

export async function problemOf(response: Response): Promise<ProblemBody> {
  return (await response.json()) as ProblemBody;
}

export type House = Awaited<ReturnType<typeof openHouse>>;

/** The serving layer over real HTTP and Postgres, with a log and a realtime view in memory, and batch runs by the oracle. */
export async function openHouse(options: HouseOptions = {}) {
  const { wrapLog = (log) => log, wrapRuns = (runs) => runs, wrapStore = (store) => store } = options;
  const metrics = options.metrics ?? (await loadMetrics());
  const db: TestDatabase = await createTestDatabase(PARTITIONS);
  const log = new MemoryEventLog(PARTITIONS);
  const store = new MemoryRealtimeViewStore(PARTITIONS);
  const view = new FoldedView(store, metrics);
  await view.begin(Array.from({ length: PARTITIONS }, () => 0));
  const deadLetters = new PostgresDeadLetters(db.database);
  const serving = await startServingLayer({
    log: wrapLog(log),
    runs: wrapRuns(new PostgresRunStore(db.database, createLogger('serving', 'silent'))),
    store: wrapStore(store),
    deadLetters,
    database: db.database,
    metrics,
    config: servingConfigSchema.parse({ PORT: '0', ...options.environment }),
    logger: createLogger('serving', 'silent'),
  });
  return {
    url: serving.url,
    metrics,
    log,
    store,
    view,
    deadLetters,
    database: db.database,
    records: () => recordsOf(log),
    /** Cuts the log and publishes what lies below, as the oracle computes it. */
    publish: async (): Promise<{ id: number; boundary: Offsets }> => {
      const boundary = await log.appendBarriers('run');
      return { id: await publishByOracle(db.database, metrics, await recordsOf(log), boundary), boundary };
    },
    get: (path: string, init?: RequestInit) => fetch(`${serving.url}${path}`, init),
    json: async (path: string) => {
      const response = await fetch(`${serving.url}${path}`);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
      return JSON.parse(text);
    },
    post: (path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
      fetch(`${serving.url}${path}`, {
        method: 'POST',
        body: body as string,
        headers: { 'Content-Type': 'application/json', ...headers },
      }),
    postEvents: (events: readonly EventInput[]) =>
      fetch(`${serving.url}/events`, {
        method: 'POST',
        body: events.map((event) => `${JSON.stringify(event)}\n`).join(''),
        headers: { 'Content-Type': 'application/x-ndjson' },
      }),
    close: async () => {
      await serving.stop();
      await db.drop();
    },
  };
}
