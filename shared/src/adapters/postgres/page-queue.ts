import type { LogBatch } from '../../ports/event-log.js';

/** Batches read but not yet taken, beyond which the reading side stops. */
const MAX_PAGES_AHEAD = 2;

/** Hands batches from the reading side to the one that consumes them: one of each. */
export class PageQueue {
  readonly #pages: LogBatch[] = [];
  #ending: { readonly error?: unknown } | undefined;
  #wakeConsumer: () => void = () => {};
  #wakeReader: () => void = () => {};

  get isFull(): boolean {
    return this.#pages.length >= MAX_PAGES_AHEAD && this.#ending === undefined;
  }

  put(page: LogBatch): void {
    this.#pages.push(page);
    this.#wakeConsumer();
  }

  /** No more pages come; with an error, `take` throws it after the pages before it. Only the first ending counts. */
  end(ending: { readonly error?: unknown } = {}): void {
    this.#ending ??= ending;
    this.#wakeConsumer();
    this.#wakeReader();
  }

  /** Has `wakeReader` called whenever there is room again. Replaces the one before. */
  onRoom(wakeReader: () => void): void {
    this.#wakeReader = wakeReader;
  }

  /** Resolves when there is room, or the end. */
  async untilRoom(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.onRoom(resolve));
  }

  /** The next page; undefined at the end. */
  async take(): Promise<LogBatch | undefined> {
    while (this.#pages.length === 0 && this.#ending === undefined) {
      await new Promise<void>((resolve) => {
        this.#wakeConsumer = resolve;
      });
    }
    const page = this.#pages.shift();
    if (page) this.#wakeReader();
    else if (this.#ending && 'error' in this.#ending) throw this.#ending.error;
    return page;
  }
}
