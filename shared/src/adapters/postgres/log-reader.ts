import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { messageOf, TandemError } from '../../errors.js';
import type { Logger } from '../../logger.js';
import type { Offsets } from '../../offsets.js';
import type { LogRecord } from '../../ports/event-log.js';
import { type DecodedRow, decodeRow, READ_COLUMNS } from './copy-encoding.js';
import { CopyOut } from './copy-out.js';
import { databaseError, KEEP_ALIVE } from './database.js';
import type { LogHeads } from './log-heads.js';
import type { PageQueue } from './page-queue.js';

/** Records of one partition that one statement reads: the others come next, so none starves. */
const MAX_ROWS_PER_PARTITION = 20_000;
const MAX_PAGE_RECORDS = 5_000;
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

/**
 * The primary key is the one right way to these rows. The planner must not guess otherwise from the statistics of a
 * table that grows; and a statement may last as long as its consumer takes.
 */
const SESSION_SETTINGS =
  '-c enable_seqscan=off -c enable_bitmapscan=off -c max_parallel_workers_per_gather=0 -c jit=off -c statement_timeout=0';

type Range = { readonly partition: number; readonly from: number; readonly to: number };

/** Reads the log for one consumer, on a connection of its own, into a page queue. */
export class LogReader {
  readonly #url: string;
  readonly #heads: LogHeads;
  readonly #pages: PageQueue;
  readonly #logger: Logger | undefined;
  readonly #giveUpAfterMs: number;
  readonly #signal: AbortSignal;
  /** Next offset to be read per partition. */
  readonly #next: number[];
  readonly #until: Offsets | undefined;
  #hasLooked = false;
  /** Per partition the end that Postgres itself named when rows were missing. */
  readonly #confirmedEnds: (number | undefined)[] = [];
  #client: pg.Client | undefined;
  #page: { partition: number; records: LogRecord[]; bytes: number } = { partition: -1, records: [], bytes: 0 };

  constructor(options: {
    readonly url: string;
    readonly heads: LogHeads;
    readonly pages: PageQueue;
    readonly logger: Logger | undefined;
    readonly from: Offsets;
    readonly until: Offsets | undefined;
    readonly giveUpAfterMs: number;
    readonly signal: AbortSignal;
  }) {
    this.#url = options.url;
    this.#heads = options.heads;
    this.#pages = options.pages;
    this.#logger = options.logger;
    this.#giveUpAfterMs = options.giveUpAfterMs;
    this.#signal = options.signal;
    this.#next = [...options.from];
    this.#until = options.until;
  }

  /** Reads until the end or the signal; ends the queue, with the error if there was one. Never throws. */
  async run(): Promise<void> {
    // A statement that waits for its consumer is ended by cutting its connection.
    const cut = () => {
      this.#pages.end();
      this.#cutConnection();
    };
    this.#signal.addEventListener('abort', cut, { once: true });
    try {
      while (!this.#isDone()) await this.#readSteadily();
      this.#pages.end();
    } catch (error) {
      this.#pages.end({ error });
    } finally {
      this.#signal.removeEventListener('abort', cut);
      await this.#client?.end().catch(() => {});
    }
  }

  #isDone(): boolean {
    return (
      this.#signal.aborted || (this.#until?.every((end, partition) => (this.#next[partition] ?? 0) >= end) ?? false)
    );
  }

  /** Reads on, over interruptions of the connection. */
  async #readSteadily(): Promise<void> {
    let lastProgressMs = performance.now();
    let retryMs = FIRST_RETRY_MS;
    while (!this.#isDone()) {
      const before = this.#recordsRead();
      try {
        await this.#readOnce();
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        const fault = databaseError(error);
        if (fault.code !== 'unavailable') throw fault;
        if (this.#recordsRead() > before) {
          lastProgressMs = performance.now();
          retryMs = FIRST_RETRY_MS;
        }
        if (this.#until && performance.now() - lastProgressMs > this.#giveUpAfterMs) throw fault;
        this.#logger?.warn({ error: messageOf(error), retryMs }, 'reading the log was interrupted');
        this.#cutConnection();
        await sleep(retryMs, undefined, { signal: this.#signal }).catch(() => {});
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      }
    }
  }

  #recordsRead(): number {
    return this.#next.reduce((sum, offset) => sum + offset, 0);
  }

  /** One statement's worth, once the consumer has room for it; or a wait for more. */
  async #readOnce(): Promise<void> {
    await this.#pages.untilRoom();
    if (!this.#hasLooked) await this.#heads.refresh();
    this.#hasLooked = true;
    const ranges = this.#ranges();
    if (ranges.length > 0) return await this.#copy(ranges);
    const hasMoved = await this.#heads.moved(this.#signal);
    if (!hasMoved) await this.#heads.refresh();
  }

  /** What is there and not yet read. */
  #ranges(): readonly Range[] {
    return this.#next.flatMap((from, partition) => {
      const end = Math.min(this.#heads.known[partition] ?? 0, this.#until?.[partition] ?? Number.POSITIVE_INFINITY);
      return end > from ? [{ partition, from, to: Math.min(end, from + MAX_ROWS_PER_PARTITION) }] : [];
    });
  }

  async #copy(ranges: readonly Range[]): Promise<void> {
    const client = await this.#connected();
    this.#page = { partition: -1, records: [], bytes: 0 };
    const copy = new CopyOut(copySql(ranges), (message) => {
      const row = decodeRow(message);
      if (row) this.#take(row);
      if (this.#pages.isFull) copy.pause();
    });
    this.#pages.onRoom(() => copy.resume());
    client.query(copy);
    await copy.done;
    this.#putPage();
    await this.#refuseMissing(ranges);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client) return this.#client;
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'tandem log reader',
      options: SESSION_SETTINGS,
      connectionTimeoutMillis: 5_000,
      ...KEEP_ALIVE,
    });
    client.on('error', () => {});
    await client.connect();
    if (this.#signal.aborted) await client.end();
    this.#client = client;
    return client;
  }

  #cutConnection(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.connection.stream.destroy();
  }

  #take({ partition, record }: DecodedRow): void {
    const expected =
      (this.#next[partition] ?? 0) + (this.#page.partition === partition ? this.#page.records.length : 0);
    if (record.offset !== expected) throw gap(partition, expected, `offset ${record.offset}`);
    if (this.#page.partition !== partition) this.#putPage(partition);
    this.#page.records.push(record);
    this.#page.bytes += record.value?.length ?? 0;
    if (this.#page.records.length >= MAX_PAGE_RECORDS || this.#page.bytes >= MAX_PAGE_BYTES) this.#putPage(partition);
  }

  /** Hands the page over and begins one for `partition`. Only what was handed over counts as read. */
  #putPage(partition = -1): void {
    const { partition: done, records } = this.#page;
    this.#page = { partition, records: [], bytes: 0 };
    if (records.length === 0) return;
    this.#next[done] = (this.#next[done] ?? 0) + records.length;
    this.#pages.put({ partition: done, records });
  }

  /**
   * Fewer rows came than the known heads promise. Anybody can notify, so Postgres is asked for the heads, and the rows
   * are asked for once more: if they are missing still, the log is damaged.
   */
  async #refuseMissing(ranges: readonly Range[]): Promise<void> {
    const missing = ranges.find(({ partition, to }) => (this.#next[partition] ?? 0) < to);
    if (!missing) return;
    const { partition } = missing;
    const expected = this.#next[partition] ?? 0;
    if (this.#confirmedEnds[partition] !== undefined && expected < this.#confirmedEnds[partition]) {
      throw gap(partition, expected, `nothing up to ${this.#confirmedEnds[partition]}`);
    }
    const ends = await this.#heads.refresh();
    this.#confirmedEnds[partition] = ends[partition];
    this.#heads.lower(partition, ends[partition] ?? 0);
  }
}

function gap(partition: number, expected: number, found: string): TandemError {
  return new TandemError(
    'corrupt',
    `the log has a gap in partition ${partition}: expected offset ${expected}, found ${found}; restore tandem.log_record, do not read on`,
    { facts: { partition, expected, found } },
  );
}

/**
 * One COPY per partition, sent together: each is one scan of the primary key, in its order, without a sort.
 * COPY takes no bind parameters: all that is put in are integers of our own.
 */
function copySql(ranges: readonly Range[]): string {
  return ranges
    .map(
      ({ partition, from, to }) =>
        `COPY (SELECT ${READ_COLUMNS} FROM tandem.log_record WHERE partition = ${partition} AND "offset" >= ${from} AND "offset" < ${to} ORDER BY "offset") TO STDOUT (FORMAT binary)`,
    )
    .join('; ');
}
