import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  decodeEvent,
  type EventLog,
  MAX_EVENT_BYTES,
  messageOf,
  type NewRecord,
  partitionKeyOf,
  partsOf,
  TandemError,
} from '@tandem/shared';
import { LineSplitter, type NdjsonLine } from './ndjson-lines.js';

/** Refusals that an answer lists; further ones are only counted. */
export const MAX_LISTED_REFUSALS = 100;
/** Lines that are decoded ahead while an append is under way; then the stream waits. */
export const MAX_WAITING_RECORDS = 8_000;
/** Lines after which others get their turn: a chunk of the shortest lines would keep queries waiting. */
const LINES_PER_TURN = 1_000;
const MAX_REASON_CHARACTERS = 300;

/** `index` counts from 0: elements of an array, lines of a stream (blank ones too, so that line number = index + 1). */
export type ListedRefusal = { readonly index: number; readonly path: string; readonly reason: string };

export type IngestResult = {
  /** Events that are durably in the log. */
  readonly accepted: number;
  /** The first MAX_LISTED_REFUSALS. */
  readonly refused: readonly ListedRefusal[];
  readonly refusedCount: number;
  /** Why the stream ended before its end; what came before is taken and counted. */
  readonly fault?: unknown;
};

/** Appends the events of a JSON text: one object, or an array of them, each as it is written. Resolves once they are durable. */
export async function ingestJson(log: EventLog, text: string): Promise<IngestResult> {
  const ingestion = new Ingestion(log);
  const whole = text.trim();
  const items = whole.startsWith('[') ? partsOf(whole).map(({ raw }) => raw) : [whole];
  for (const [index, item] of items.entries()) {
    ingestion.take(index, Buffer.from(item));
    if ((index + 1) % LINES_PER_TURN === 0) await nextTurn();
  }
  return ingestion.finish();
}

/**
 * Appends the events of an NDJSON stream, line by line, in order. Reads no further than MAX_WAITING_RECORDS ahead of
 * the log, so memory does not grow with the stream. A stream that breaks is a result too: the lines that were whole are
 * taken, the others are not. Throws what the log throws, with `accepted` among its facts.
 */
export async function ingestLines(log: EventLog, chunks: AsyncIterable<Buffer>): Promise<IngestResult> {
  const ingestion = new Ingestion(log);
  const splitter = new LineSplitter(MAX_EVENT_BYTES);
  let index = 0;
  let fault: unknown;
  const takeLines = async (lines: readonly NdjsonLine[]) => {
    for (const line of lines) {
      if (line === null || !isBlank(line)) ingestion.take(index, line && withoutMark(line));
      if (++index % LINES_PER_TURN === 0) await nextTurn();
    }
  };
  const noteFault = (error: unknown) => {
    fault = error ?? new Error('the stream broke');
  };
  for await (const chunk of untilFault(chunks, noteFault)) {
    await takeLines(splitter.push(chunk));
    await ingestion.keepUp();
  }
  if (fault === undefined) await takeLines(splitter.end());
  return { ...(await ingestion.finish()), ...(fault === undefined ? {} : { fault }) };
}

async function* untilFault(chunks: AsyncIterable<Buffer>, note: (error: unknown) => void): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (error) {
    note(error);
  }
}

function isBlank(line: Buffer): boolean {
  // Anything that is not white space is at least an attempt at an event: the first byte nearly always decides.
  return withoutMark(line).every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}

/** Files that were put behind each other may each have begun with a byte order mark, which belongs to no event. */
function withoutMark(line: Buffer): Buffer {
  return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf ? line.subarray(3) : line;
}

/** One request's way into the log: at most one append under way, the records of the next one waiting. */
class Ingestion {
  readonly #log: EventLog;
  readonly #refused: ListedRefusal[] = [];
  #refusedCount = 0;
  #accepted = 0;
  #waiting: NewRecord[] = [];
  #append: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Decodes the bytes by the same function as both layers do; what is no event is refused here and now. */
  take(index: number, bytes: Buffer | null): void {
    if (bytes === null) {
      this.#refuse(
        index,
        '',
        `found a line of more than ${MAX_EVENT_BYTES} bytes; allowed are at most ${MAX_EVENT_BYTES}`,
      );
      return;
    }
    const decoded = decodeEvent(bytes);
    if ('refusal' in decoded) this.#refuse(index, decoded.refusal.path, decoded.refusal.reason);
    else this.#waiting.push({ key: partitionKeyOf(decoded.event), value: bytes });
  }

  /** Hands what waits to the log if it is free; waits for it when too much is waiting. */
  async keepUp(): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING_RECORDS) await this.#append;
    this.#throwFailure();
    if (this.#append === null && this.#waiting.length > 0) this.#beginAppend();
  }

  async finish(): Promise<IngestResult> {
    await this.#append;
    this.#throwFailure();
    if (this.#waiting.length > 0) this.#beginAppend();
    await this.#append;
    this.#throwFailure();
    return { accepted: this.#accepted, refused: this.#refused, refusedCount: this.#refusedCount };
  }

  #beginAppend(): void {
    const records = this.#waiting;
    this.#waiting = [];
    this.#append = this.#log
      .append(records)
      .then(() => {
        this.#accepted += records.length;
      })
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#append = null;
      });
  }

  #throwFailure(): void {
    if (this.#failure === null) return;
    const { error } = this.#failure;
    const code = error instanceof TandemError ? error.code : 'internal';
    const advice = `${this.#accepted} events before were accepted; send all again (copies are dropped by event_id and occurred_at)`;
    throw new TandemError(code, `The log did not take the events: ${messageOf(error)}; ${advice}`, {
      cause: error,
      facts: { accepted: this.#accepted, refused_count: this.#refusedCount },
    });
  }

  #refuse(index: number, path: string, reason: string): void {
    this.#refusedCount++;
    if (this.#refused.length >= MAX_LISTED_REFUSALS) return;
    this.#refused.push({ index, path, reason: reason.slice(0, MAX_REASON_CHARACTERS) });
  }
}
