import type { Refusal } from '@tandem/shared';
import { type Answer, type Destination, postEvents } from './post-events.js';

/** Told of each event that the server refused; `origin` is what was added with it, where the server says which it was. */
export type OnRefused<Origin> = (origin: Origin | undefined, refusal: Refusal) => void;

export type SenderOptions = Omit<Destination, 'signal' | 'retryRefusedConnection'> & {
  readonly linesPerRequest?: number;
  readonly requestsInFlight?: number;
};

const LINES_PER_REQUEST = 10_000;
const REQUESTS_IN_FLIGHT = 3;
const NOT_LISTED = { path: '', reason: 'refused by the server, which lists only the first refusals of a request' };

type Chunk<Origin> = { readonly lines: string[]; readonly origins: Origin[] };

/** Sends events to `POST /events` in requests of some ten thousand lines, a few at a time: bounded memory. */
export class EventSender<Origin> {
  readonly #options: SenderOptions;
  readonly #onRefused: OnRefused<Origin>;
  /** Ends the other requests when one has failed for good. */
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  #chunk: Chunk<Origin> = { lines: [], origins: [] };
  #failure: { readonly error: unknown } | undefined;
  #reached = false;
  #sent = 0;
  #accepted = 0;
  #answered = 0;

  constructor(options: SenderOptions, onRefused: OnRefused<Origin>) {
    this.#options = options;
    this.#onRefused = onRefused;
  }

  /** Events added, of these those that the server has answered for, and of these those that it has acknowledged. */
  get totals(): { readonly sent: number; readonly answered: number; readonly accepted: number } {
    return { sent: this.#sent, answered: this.#answered, accepted: this.#accepted };
  }

  /** Adds one event as a line of JSON. Await `ready` after every few, or memory is not bounded. */
  add(line: string, origin: Origin): void {
    this.#chunk.lines.push(line);
    this.#chunk.origins.push(origin);
    this.#sent++;
    if (this.#chunk.lines.length >= (this.#options.linesPerRequest ?? LINES_PER_REQUEST)) this.#dispatch();
  }

  /** Resolves when another request may start. Throws what made a request fail for good. */
  async ready(): Promise<void> {
    await this.#untilFewerThan(this.#options.requestsInFlight ?? REQUESTS_IN_FLIGHT);
  }

  /** Starts a request with what was added so far, however little that is. */
  flush(): void {
    if (this.#chunk.lines.length > 0) this.#dispatch();
  }

  /** Sends what is left and resolves when all has been answered. Throws what made a request fail for good. */
  async finish(): Promise<void> {
    this.flush();
    await this.#untilFewerThan(1);
  }

  async #untilFewerThan(requests: number): Promise<void> {
    while (this.#failure === undefined && this.#inFlight.size >= requests) await Promise.race(this.#inFlight);
    if (this.#failure) throw this.#failure.error;
  }

  #dispatch(): void {
    const chunk = this.#chunk;
    this.#chunk = { lines: [], origins: [] };
    const request = this.#post(chunk)
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#stop.abort();
      })
      .finally(() => this.#inFlight.delete(request));
    this.#inFlight.add(request);
  }

  async #post(chunk: Chunk<Origin>): Promise<void> {
    const signal = this.#stop.signal;
    const answer = await postEvents(chunk.lines, {
      ...this.#options,
      signal,
      retryRefusedConnection: this.#reached,
    });
    this.#reached = true;
    this.#accepted += answer.accepted;
    this.#answered += chunk.lines.length;
    this.#reportRefused(chunk, answer);
  }

  #reportRefused({ lines, origins }: Chunk<Origin>, { accepted, refused }: Answer): void {
    const listed = new Set<number>();
    for (const { index, path, reason } of refused) {
      const origin = origins[index];
      if (origin === undefined || listed.has(index)) continue;
      listed.add(index);
      this.#onRefused(origin, { path, reason });
    }
    // Which lines were refused beyond the listed ones is unknown: count them, without naming a wrong row.
    for (let more = listed.size; more < lines.length - accepted; more++) {
      this.#onRefused(undefined, NOT_LISTED);
    }
  }
}
