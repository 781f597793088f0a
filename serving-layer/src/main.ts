import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import {
  createLogger,
  type DeadLetters,
  type EventLog,
  type Logger,
  type Metric,
  type ProcessParts,
  type RealtimeViewStore,
  type RunStore,
  readConfig,
  runProcess,
  TandemError,
} from '@tandem/shared';
import { requireShared } from '@tandem/shared/adapters/connections';
import { openSharedParts } from '@tandem/shared/adapters/open-shared-parts';
import type { Database } from '@tandem/shared/adapters/postgres/database';
import { PostgresDeadLetters } from '@tandem/shared/adapters/postgres/postgres-dead-letters';
import { createApp } from './adapters/http/app.js';
import { answerBrokenRequests } from './adapters/http/connections.js';
import { eventsRoute } from './adapters/http/events-route.js';
import { Gate } from './adapters/http/gate.js';
import { metricRoutes } from './adapters/http/metric-routes.js';
import type { Route } from './adapters/http/route.js';
import { runRoutes } from './adapters/http/run-routes.js';
import { stateRoutes } from './adapters/http/state-routes.js';
import { PostgresBatchViewReader } from './adapters/postgres/postgres-batch-view-reader.js';
import { BasisReader } from './answer-query.js';
import { Comparer } from './compare.js';
import { checkExposure, type ServingConfig, servingProcessSchema } from './config.js';
import type { Doubts } from './log-doubt.js';
import { ViewWatch } from './view-watch.js';

export type ServingLayerOptions = {
  readonly log: EventLog;
  readonly runs: RunStore;
  readonly store: RealtimeViewStore;
  readonly deadLetters: DeadLetters;
  /** Where the batch views are. */
  readonly database: Database;
  readonly metrics: readonly Metric[];
  readonly config: ServingConfig;
  readonly logger: Logger;
};

/** A request's headers must arrive within this time. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How long requests under way may take to finish when the layer stops. */
const STOP_GRACE_MS = 5_000;
/** How often a layer that stops looks for connections whose last answer is out. */
const SWEEP_MS = 20;

/**
 * Serves the API. Resolves when it listens; `stop` resolves when every connection is closed.
 * Throws `configuration-invalid` for a port that is taken, and for a HOST that is open to others without a token.
 */
export async function startServingLayer(options: ServingLayerOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const { config, logger } = options;
  checkExposure(config);
  const guard = { host: config.HOST, allowedHosts: config.ALLOWED_HOSTS, allowedOrigins: config.ALLOWED_ORIGINS };
  const doubts = await ViewWatch.open(options);
  const app = createApp({ routes: routesOf(options, doubts), token: config.API_TOKEN, guard, logger });
  // A request without a Host gets a problem of ours, with what is needed.
  const server = createServer({ requireHostHeader: false }, app);
  answerBrokenRequests(server);
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  // A stream of events may take any time as a whole, so what is bounded is the time in which nothing moves.
  server.requestTimeout = 0;
  server.timeout = config.IDLE_TIMEOUT_MS;
  // Node ends a connection that waits for its next request after 5 s, often just when that request is on its way.
  server.keepAliveTimeout = config.IDLE_TIMEOUT_MS;
  await listen(server, config);
  const { port } = server.address() as AddressInfo;
  const host = config.HOST.includes(':') ? `[${config.HOST}]` : config.HOST;
  const url = `http://${host}:${port}`;
  logger.info({ url }, 'serving layer listens');
  return {
    url,
    stop: async () => {
      doubts.close();
      await stop(server);
    },
  };
}

/** Every route of the API but the two that describe it. */
export function routesOf(options: ServingLayerOptions, doubts: Doubts): readonly Route[] {
  const { log, runs, config } = options;
  const sources = { ...options, doubts, reader: new PostgresBatchViewReader(options.database) };
  const basis = new BasisReader(sources);
  const queries = {
    gate: new Gate('questions', config.MAX_CONCURRENT_QUERIES),
    queryDeadlineMs: config.QUERY_DEADLINE_MS,
  };
  const bodyDeadlineMs = config.BODY_DEADLINE_MS;
  return [
    ...metricRoutes({ metrics: options.metrics, basis, comparer: new Comparer(sources, basis), ...queries }),
    eventsRoute({ log, gate: new Gate('POST /events', config.MAX_CONCURRENT_INGESTS), bodyDeadlineMs }),
    ...runRoutes({ runs, bodyDeadlineMs, queryDeadlineMs: queries.queryDeadlineMs }),
    ...stateRoutes({ ...sources, ...queries }),
  ];
}

function listen(server: Server, { PORT, HOST }: ServingConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, PORT, HOST)));
    server.listen(PORT, HOST, resolve);
  });
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `PORT: found ${port}, which another program uses; choose another PORT, or stop that program`,
    EACCES: `PORT: found ${port}, which needs more rights; allowed are ports from 1024`,
    EADDRNOTAVAIL: `HOST: found ${host}; allowed is an address of this machine`,
    ENOTFOUND: `HOST: found ${host}; allowed is an address of this machine`,
  };
  const reason = reasons[error.code ?? ''];
  return reason === undefined ? error : new TandemError('configuration-invalid', reason, { cause: error });
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Callers keep connections for their next question, which nobody will answer.
  const sweeping = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const timer = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await closed;
  clearInterval(sweeping);
  clearTimeout(timer);
}

/** The serving layer as a process of its own. Resolves with the exit code. */
export function main(): Promise<number> {
  return runProcess('serving layer', () => createLogger('serving-layer', 'info'), startProcess);
}

async function startProcess(parts: ProcessParts): Promise<void> {
  const config = requireShared('serving layer', readConfig(servingProcessSchema));
  checkExposure(config);
  const logger = createLogger('serving-layer', config.LOG_LEVEL);
  const shared = await openSharedParts('serving layer', config, parts, logger);
  const deadLetters = new PostgresDeadLetters(shared.database);
  const serving = await startServingLayer({ ...shared, deadLetters, config, logger });
  parts.add(() => serving.stop());
  console.log(`The serving layer answers at ${serving.url}`);
}

// Containers and tests run this file itself.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
