import { TandemError } from '../../errors.js';
import { joinAlone } from '../../join-alone.js';
import { digestOf, type LogMark, logReplaced } from '../../log-mark.js';
import type { Logger } from '../../logger.js';
import { type Offsets, refuseWrongLength, zeroOffsets } from '../../offsets.js';
import { partitionOf } from '../../partition-of.js';
import type { EventLog, GroupMember, GroupOptions, LogBatch, NewRecord, ReadOptions } from '../../ports/event-log.js';
import { type AppendCall, AppendQueue, type AppendRow } from '../append-queue.js';
import { type Database, databaseError, openDatabase } from './database.js';
import { LogHeads } from './log-heads.js';
import { LogReader } from './log-reader.js';
import { appendGroup } from './log-writer.js';
import { PageQueue } from './page-queue.js';

export type PostgresEventLogOptions = {
  /** postgres://user@host:port/database, migrated (see migrate). */
  readonly databaseUrl: string;
  /** As many as the log was made with. */
  readonly partitions: number;
  readonly logger?: Logger;
  /** A read with `until` throws `unavailable` when Postgres has been away for so long; one that follows goes on. */
  readonly giveUpAfterMs?: number;
  /** After so long an append is answered with `unavailable`, its outcome unknown. */
  readonly appendDeadlineMs?: number;
};

/** One connection appends, one asks for heads: neither waits for the other. */
const MAX_CONNECTIONS = 2;
const GIVE_UP_AFTER_MS = 15_000;
const APPEND_DEADLINE_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 60_000;
const MARKED_SQL = `
  SELECT m.partition, m."offset", r.value, r.barrier, r.partition IS NOT NULL AS there
  FROM unnest($1::int[], $2::bigint[]) AS m (partition, "offset")
  LEFT JOIN tandem.log_record r ON r.partition = m.partition AND r."offset" = m."offset"`;

type MarkedRow = {
  readonly partition: number;
  readonly offset: string;
  readonly value: Uint8Array | null;
  readonly barrier: string | null;
  readonly there: boolean;
};

/** Opens the log that lies in tables of Postgres. Connects when it is first used. */
export function openPostgresEventLog(options: PostgresEventLogOptions): PostgresEventLog {
  return new PostgresEventLog(options);
}

/** The log as a table in Postgres: COPY in and out, LISTEN/NOTIFY to wake readers. */
export class PostgresEventLog implements EventLog {
  readonly partitions: number;
  readonly #url: string;
  readonly #logger: Logger | undefined;
  readonly #giveUpAfterMs: number;
  readonly #database: Database;
  readonly #queue: AppendQueue;
  readonly #heads: LogHeads;
  #closed: Promise<void> | undefined;
  readonly #closing = new AbortController();
  readonly #reads = new Set<Promise<void>>();

  constructor({ databaseUrl, partitions, logger, giveUpAfterMs, appendDeadlineMs }: PostgresEventLogOptions) {
    this.#giveUpAfterMs = giveUpAfterMs ?? GIVE_UP_AFTER_MS;
    this.partitions = partitions;
    this.#url = databaseUrl;
    this.#logger = logger;
    this.#database = openDatabase({
      url: databaseUrl,
      name: 'tandem log',
      maxConnections: MAX_CONNECTIONS,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      onConnectionLost: (error) => logger?.warn({ error: error.message }, 'an idle connection to the log was lost'),
    });
    this.#heads = new LogHeads(this.#database, databaseUrl, partitions, logger);
    this.#queue = new AppendQueue((calls) => this.#writeGroup(calls), appendDeadlineMs ?? APPEND_DEADLINE_MS);
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    if (records.length === 0) return;
    const rowsByPartition: AppendRow[][] = Array.from({ length: this.partitions }, () => []);
    for (const { key, value } of records) {
      refuseNul(key);
      rowsByPartition[partitionOf(key, this.partitions)]?.push({ key, value, barrier: null });
    }
    await this.#queue.add({ rowsByPartition });
  }

  async appendBarriers(name: string): Promise<Offsets> {
    refuseNul(name);
    const barrier: AppendRow = { key: null, value: null, barrier: name };
    return await this.#queue.add({ rowsByPartition: Array.from({ length: this.partitions }, () => [barrier]) });
  }

  async endOffsets(): Promise<Offsets> {
    try {
      return await this.#heads.refresh();
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** A transaction that is open holds back no other: the offsets are given out in order. */
  writtenEnds(): Promise<Offsets> {
    return this.endOffsets();
  }

  /** Nothing is ever taken from this log. */
  async startOffsets(): Promise<Offsets> {
    return zeroOffsets(this.partitions);
  }

  /** Tables know no groups: whoever joins reads everything. */
  join(member: GroupMember, { signal }: GroupOptions): Promise<void> {
    return joinAlone(this, member, signal);
  }

  async *read(from: Offsets, { until, signal }: ReadOptions = {}): AsyncGenerator<LogBatch> {
    refuseWrongLength(from, this.partitions);
    const ending = new AbortController();
    const pages = new PageQueue();
    const signals = [ending.signal, this.#closing.signal, ...(signal ? [signal] : [])];
    const reader = new LogReader({
      url: this.#url,
      heads: this.#heads,
      pages,
      logger: this.#logger,
      from,
      until,
      giveUpAfterMs: this.#giveUpAfterMs,
      signal: AbortSignal.any(signals),
    });
    const reading = reader.run();
    this.#reads.add(reading);
    try {
      for (let page = await pages.take(); page && !signal?.aborted; page = await pages.take()) yield page;
    } finally {
      ending.abort();
      await reading;
      this.#reads.delete(reading);
    }
  }

  async prove(marks: readonly LogMark[]): Promise<void> {
    const values = [marks.map(({ partition }) => partition), marks.map(({ offset }) => offset)];
    const { rows } = await this.#database
      .query<MarkedRow>({ name: 'log-marks', text: MARKED_SQL, values })
      .catch((error) => {
        throw databaseError(error);
      });
    for (const { partition, offset, digest } of marks) {
      const row = rows.find((found) => found.partition === partition && Number(found.offset) === offset);
      if (!row?.there) throw logReplaced(partition, offset, 'nothing');
      if (digestOf(row) !== digest) throw logReplaced(partition, offset, 'another record');
    }
  }

  doubt(): null {
    return null;
  }

  /** Answers what was appended before, ends every read, and leaves no connection. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #writeGroup(calls: readonly AppendCall[]): Promise<readonly Offsets[]> {
    try {
      return await appendGroup(this.#database, this.partitions, calls);
    } catch (error) {
      throw databaseError(error);
    }
  }

  async #close(): Promise<void> {
    await this.#queue.close();
    this.#closing.abort();
    await Promise.all(this.#reads);
    await this.#heads.close();
    await this.#database.end();
  }
}

function refuseNul(text: string): void {
  if (!text.includes('\0')) return;
  throw new TandemError('request-invalid', `found the key ${JSON.stringify(text)}; allowed is text without NUL`);
}
