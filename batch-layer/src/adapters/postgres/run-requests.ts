import { type Logger, messageOf } from '@tandem/shared';
import { KEEP_ALIVE } from '@tandem/shared/adapters/postgres/database';
import { RUN_CHANNEL } from '@tandem/shared/adapters/postgres/sql/runs.sql';
import pg from 'pg';

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Waits for requests of runs: a notification from Postgres, or the poll interval when none comes through.
 * A lost connection is opened again at the next wait.
 */
export class RunRequests {
  readonly #url: string;
  readonly #pollMs: number;
  readonly #logger: Logger;
  #client: pg.Client | undefined;
  #isPending = false;
  #wake: () => void = () => {};

  constructor(url: string, pollMs: number, logger: Logger) {
    this.#url = url;
    this.#pollMs = pollMs;
    this.#logger = logger;
  }

  /** Begins to listen, so that no request made from here on is overheard. Never throws: the poll covers for it. */
  async listen(): Promise<void> {
    if (this.#client !== undefined) return;
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'tandem batch listener',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...KEEP_ALIVE,
    });
    this.#client = client;
    client.on('error', () => this.#drop(client));
    client.on('end', () => this.#drop(client));
    client.on('notification', () => this.#notify());
    try {
      await client.connect();
      await client.query(`LISTEN ${RUN_CHANNEL}`);
    } catch (error) {
      this.#logger.warn({ error: messageOf(error) }, 'cannot listen for requests; polling');
      this.#drop(client);
      await client.end().catch(() => {});
    }
  }

  /** Resolves at the next request, after the poll interval, or when the signal is raised; at once if one came meanwhile. */
  async next(signal: AbortSignal): Promise<void> {
    if (this.#isPending || signal.aborted) {
      this.#isPending = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#wake(), this.#pollMs);
      this.#wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', this.#wake);
        this.#wake = () => {};
        this.#isPending = false;
        resolve();
      };
      signal.addEventListener('abort', this.#wake, { once: true });
    });
  }

  async close(): Promise<void> {
    await this.#client?.end().catch(() => {});
  }

  #notify(): void {
    this.#isPending = true;
    this.#wake();
  }

  #drop(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
  }
}
