import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { messageOf } from '../../errors.js';
import type { Logger } from '../../logger.js';
import { type Offsets, zeroOffsets } from '../../offsets.js';
import { type Database, KEEP_ALIVE } from './database.js';

/** Notified at every commit to the log, with the new heads. */
export const APPENDED_CHANNEL = 'tandem_log_appended';

/** Should a notification get lost with its connection, readers look for themselves this often. */
const POLL_MS = 1_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 2_000;

/** "0:5123 1:4980": partitions and their next offsets. */
export function encodeHeads(heads: ReadonlyMap<number, number>): string {
  return [...heads].map(([partition, next]) => `${partition}:${next}`).join(' ');
}

/** Where the log ends, per partition, as far as is known here: kept up by notifications, waking who waits. */
export class LogHeads {
  readonly #database: Database;
  readonly #url: string;
  readonly #logger: Logger | undefined;
  readonly #known: number[];
  readonly #closing = new AbortController();
  readonly #waiters = new Set<() => void>();
  #endListening: () => void = () => {};
  #listening: Promise<void> | undefined;

  constructor(database: Database, url: string, partitions: number, logger: Logger | undefined) {
    this.#database = database;
    this.#url = url;
    this.#logger = logger;
    this.#known = [...zeroOffsets(partitions)];
  }

  /** Exclusive upper bounds of what can be read; there may already be more. */
  get known(): Offsets {
    return this.#known;
  }

  /** Asks Postgres where the log ends. */
  async refresh(): Promise<Offsets> {
    const { rows } = await this.#database.query<{ partition: number; next_offset: string }>({
      name: 'log-heads',
      text: 'SELECT partition, next_offset FROM tandem.log_head ORDER BY partition',
    });
    const ends = rows.map(({ next_offset }) => Number(next_offset));
    this.#raise(ends.entries());
    return ends;
  }

  /** Takes back what was known of a partition: Postgres says that it ends earlier. */
  lower(partition: number, end: number): void {
    this.#known[partition] = end;
  }

  /** Resolves with true as soon as a known head moves or `signal` is raised, with false after POLL_MS. */
  moved(signal: AbortSignal): Promise<boolean> {
    this.#listening ??= this.#listen();
    return new Promise((resolve) => {
      const finish = (isAwake: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#waiters.delete(wake);
        resolve(isAwake);
      };
      const wake = () => finish(true);
      const timer = setTimeout(finish, POLL_MS, false);
      signal.addEventListener('abort', wake, { once: true });
      this.#waiters.add(wake);
      if (signal.aborted) wake();
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#endListening();
    await this.#listening;
  }

  #raise(heads: Iterable<[number, number]>): void {
    let hasMoved = false;
    for (const [partition, next] of heads) {
      if (!(next > (this.#known[partition] ?? Number.POSITIVE_INFINITY))) continue;
      this.#known[partition] = next;
      hasMoved = true;
    }
    if (hasMoved) for (const wake of [...this.#waiters]) wake();
  }

  /** Listens until closed; a lost connection is opened again. Never throws. */
  async #listen(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#listenOnce(() => {
          retryMs = FIRST_RETRY_MS;
        });
      } catch (error) {
        this.#logger?.warn({ error: messageOf(error), retryMs }, 'listening to the log was interrupted');
      }
      await sleep(retryMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
    }
  }

  async #listenOnce(onListening: () => void): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'tandem log listener',
      connectionTimeoutMillis: 5_000,
      ...KEEP_ALIVE,
    });
    const ended = new Promise<void>((resolve) => {
      client.on('end', resolve);
      client.on('error', () => resolve());
      this.#endListening = resolve;
    });
    client.on('notification', ({ payload }) => this.#raise(decodeHeads(payload ?? '')));
    try {
      await client.connect();
      await client.query(`LISTEN ${APPENDED_CHANNEL}`);
      onListening();
      // What was appended before LISTEN took effect was not notified to us.
      await this.refresh();
      await ended;
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function decodeHeads(payload: string): [number, number][] {
  return payload.split(' ').flatMap((pair) => {
    const [partition, next] = pair.split(':').map(Number);
    return Number.isSafeInteger(partition) && Number.isSafeInteger(next) ? [[Number(partition), Number(next)]] : [];
  });
}
