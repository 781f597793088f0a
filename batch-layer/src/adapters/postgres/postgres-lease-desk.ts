import { type Logger, messageOf, TandemError } from '@tandem/shared';
import { databaseError, KEEP_ALIVE } from '@tandem/shared/adapters/postgres/database';
import pg from 'pg';
import type { Lease, LeaseDesk } from '../../ports/lease.js';

export type LeaseOptions = {
  readonly databaseUrl: string;
  /** A holder that has not renewed for so long may be replaced, even if it still runs. */
  readonly expiresAfterMs: number;
  readonly logger: Logger;
};

const CONNECT_TIMEOUT_MS = 5_000;
const LOCK_TIMEOUT_MS = 30_000;
const RENEWALS_PER_EXPIRY = 3;

/** The row is locked first, so that the list of live backends is read after whoever held the lock has finished. */
const LOCK_SQL = 'SELECT FROM tandem.batch_lease FOR UPDATE';
const TAKE_SQL = `
  UPDATE tandem.batch_lease SET
    token = token + 1,
    backend_pid = pg_backend_pid(),
    backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
    expires_at = clock_timestamp() + $1 * interval '1 millisecond'
  WHERE expires_at IS NULL
    OR expires_at < clock_timestamp()
    OR NOT EXISTS (
      SELECT FROM pg_stat_activity a
      WHERE a.pid = batch_lease.backend_pid AND a.backend_start = batch_lease.backend_start)
  RETURNING token`;
const RENEW_SQL = `
  UPDATE tandem.batch_lease SET expires_at = clock_timestamp() + $2 * interval '1 millisecond' WHERE token = $1`;
const RELEASE_SQL = `
  UPDATE tandem.batch_lease SET backend_pid = NULL, backend_start = NULL, expires_at = NULL WHERE token = $1`;

/** The lease as a row in Postgres, held by a connection of its own and by Postgres' clock. */
export class PostgresLeaseDesk implements LeaseDesk {
  readonly #options: LeaseOptions;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  async take(): Promise<Lease | undefined> {
    const client = new pg.Client({
      connectionString: this.#options.databaseUrl,
      application_name: 'tandem batch lease',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      lock_timeout: LOCK_TIMEOUT_MS,
      ...KEEP_ALIVE,
    });
    // Without a listener a broken connection would end the process; the lease notices by itself.
    client.on('error', () => {});
    try {
      await client.connect();
      const token = await take(client, this.#options.expiresAfterMs);
      if (token !== undefined) return new HeldLease(client, token, this.#options);
    } catch (error) {
      await end(client);
      throw databaseError(error);
    }
    await end(client);
    return undefined;
  }
}

async function take(client: pg.Client, expiresAfterMs: number): Promise<number | undefined> {
  await client.query('BEGIN');
  await client.query(LOCK_SQL);
  const { rows } = await client.query<{ token: string }>(TAKE_SQL, [expiresAfterMs]);
  await client.query('COMMIT');
  return rows[0] && Number(rows[0].token);
}

async function end(client: pg.Client): Promise<void> {
  await client.end().catch(() => {});
}

class HeldLease implements Lease {
  readonly token: number;
  readonly #client: pg.Client;
  readonly #options: LeaseOptions;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #renewing: Promise<void> = Promise.resolve();
  #isReleased = false;

  constructor(client: pg.Client, token: number, options: LeaseOptions) {
    this.#client = client;
    this.token = token;
    this.#options = options;
    client.on('error', (error) => this.#lose(error));
    client.on('end', () => this.#lose('the connection has ended'));
    this.#timer = setInterval(() => {
      this.#renewing = this.#renewing.then(() => this.#renew());
    }, options.expiresAfterMs / RENEWALS_PER_EXPIRY);
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    clearInterval(this.#timer);
    await this.#renewing;
    await this.#client.query(RELEASE_SQL, [this.token]).catch(() => {});
    await end(this.#client);
  }

  async #renew(): Promise<void> {
    if (this.#isReleased || this.lost.aborted) return;
    try {
      const { rowCount } = await this.#client.query(RENEW_SQL, [this.token, this.#options.expiresAfterMs]);
      if (rowCount !== 1) this.#lose('another process has taken it');
    } catch (error) {
      this.#lose(error);
    }
  }

  #lose(reason: unknown): void {
    if (this.#isReleased || this.lost.aborted) return;
    clearInterval(this.#timer);
    this.#options.logger.error({ token: this.token, reason: messageOf(reason) }, 'the lease was lost');
    this.#lost.abort(new TandemError('fenced', 'found the lease lost; another process may run now'));
  }
}
