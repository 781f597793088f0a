import { readFile } from 'node:fs/promises';
import type { Logger } from '@tandem/shared';
import { findBinaries } from './binaries.js';
import { type ClusterHome, findClusterHome, makeCluster } from './cluster-home.js';
import { stopOrphan } from './postmaster-file.js';
import { type Server, type ServerOptions, startServer } from './server.js';
import { findServerUser } from './server-user.js';

export type EmbeddedPostgres = {
  /** postgres://…: with the password, so not for logs. Stays the same until `stop`. */
  readonly url: string;
  /** The server's process now. */
  readonly pid: () => number;
  /** Ends every connection and the server, cleanly. Idempotent. */
  stop(): Promise<void>;
};

export type EmbeddedPostgresOptions = {
  /** Must exist, and be ours alone: the caller holds its lock. */
  readonly dataFolder: string;
  readonly logger: Logger;
};

/**
 * Starts the Postgres of a data folder on 127.0.0.1 and a free port, making its cluster first when there is none.
 * Heals what a killed start has left. A server that dies is started again on the same port.
 * Throws `unavailable` when it cannot be started, with the reason.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(options);
  return keepRunning(await startServer(cluster), cluster.home, options.logger);
}

/** What it takes to start the server of a data folder: its cluster is there, and nothing runs on it. */
export async function openCluster({ dataFolder, logger }: EmbeddedPostgresOptions): Promise<ServerOptions> {
  const user = await findServerUser();
  const [binaries, home] = await Promise.all([findBinaries(user), findClusterHome(dataFolder, user)]);
  await stopOrphan(home.cluster, logger);
  await makeCluster(home, binaries, user);
  const password = (await readFile(home.passwordFile, 'utf8')).trim();
  return { binaries, home, user, password, logger };
}

/** Starts the server again when it ends without being asked to, on the same port, so that pools find it again. */
function keepRunning(first: Server, home: ClusterHome, logger: Logger): EmbeddedPostgres {
  let server = first;
  let isStopping = false;
  const watch = async (): Promise<void> => {
    while (!isStopping) {
      const ending = await server.ended;
      if (isStopping) return;
      logger.error({ ending, log: home.logFile }, 'the embedded Postgres ended; starting it again');
      server = await server.again();
    }
    // Asked to stop while it was being started again.
    await server.stop();
  };
  // Without a database nothing can go on: where it cannot be started again, the unhandled rejection ends the process.
  const watching = watch();
  const stop = async () => {
    isStopping = true;
    await server.stop();
    await watching;
  };
  return { url: first.url, pid: () => server.pid, stop };
}
