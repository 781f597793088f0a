import { chmod, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from '@tandem/shared';
import { type Server, startServer } from '../embedded-postgres/server.js';
import { openCluster } from '../embedded-postgres/start-embedded-postgres.js';
import { startOnPorts } from './ports.js';
import type { Service } from './service.js';

export type PostgresOptions = {
  /** Made when it is not there; ours alone: a Postgres that an earlier start left running in it is ended. */
  readonly folder: string;
  readonly logger: Logger;
};

/** Starts the embedded Postgres as a service of its own: unlike the lab's, it stays down when it is killed. */
export async function startPostgres({ folder: given, logger }: PostgresOptions): Promise<Postgres> {
  const folder = resolve(given);
  // Postgres' account has to enter it when we are root.
  if ((await mkdir(folder, { recursive: true })) !== undefined) await chmod(folder, 0o755);
  const cluster = await openCluster({ dataFolder: folder, logger });
  return startOnPorts(
    folder,
    1,
    async ([port = 0]) => new Postgres(await startServer({ ...cluster, port }), cluster.home.logFile),
  );
}

export class Postgres implements Service {
  readonly name = 'postgres';
  readonly logFile: string;
  #server: Server;

  constructor(server: Server, logFile: string) {
    this.#server = server;
    this.logFile = logFile;
  }

  /** As POSTGRES_URL takes it: with the password, so not for logs. The same after `restart`. */
  get url(): string {
    return this.#server.url;
  }

  get pid(): number {
    return this.#server.pid;
  }

  get ended(): Promise<string> {
    return this.#server.ended;
  }

  /** To the process that takes connections; each connection has a process of its own, which goes on. */
  signal(name: NodeJS.Signals): void {
    this.#server.signal(name);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** As `pg_ctl stop -m immediate`: every connection is cut at once, and the next start recovers from the log. */
  async stopImmediately(): Promise<void> {
    this.signal('SIGQUIT');
    await this.ended;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#server = await this.#server.again();
  }
}
