import type { LogBatch } from '../../ports/event-log.js';

/** Batches read but not yet taken. */
const MAX_PAGES_AHEAD = 2;

/** Hands batches from the reading side to the consuming side. `isFull` tells the reading side to stop a while. */
export class PageQueue {
  #pages: LogBatch[] = [];
  #ending: { readonly error?: unknown } | undefined;
  #wakeConsumer: () => void = () => {};
  #wakeReader: () => void = () => {};

  get isFull(): boolean {
    return this.#pages.length >= MAX_PAGES_AHEAD;
  }

  put(page: LogBatch): void {
    this.#pages.push(page);
    this.#wakeConsumer();
  }

  /** No more pages come; with an error, `take` throws it after the pages before it. */
  end(ending: { readonly error?: unknown } = {}): void {
    this.#ending ??= ending;
    this.#wakeConsumer();
  }

  /** Called each time a page has been taken. */
  onTaken(wakeReader: () => void): void {
    this.#wakeReader = wakeReader;
  }

  /** The next page; undefined at the end. One consumer only. */
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
