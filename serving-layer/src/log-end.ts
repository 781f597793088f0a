import { type EventLog, type Offsets, SharedRead } from '@tandem/shared';

/** How long a question waits to be told where the log ends. */
const PATIENCE_MS = 500;

/**
 * Where the log ends, with what was written and cannot be read yet: an answer does not hold that either. Answers rest on
 * the two views and not on the log, so one that is away or slow delays no answer: after the first wait in vain all are
 * told at once that it is unknown, while one question is under way, until the log has answered again.
 */
export class LogEnd {
  readonly #read: SharedRead<Offsets>;
  readonly #patienceMs: number;
  #isAway = false;
  #asking: Promise<void> | null = null;

  constructor(log: Pick<EventLog, 'writtenEnds'>, patienceMs = PATIENCE_MS) {
    this.#read = new SharedRead(() => log.writtenEnds());
    this.#patienceMs = patienceMs;
  }

  /** The exclusive end per partition, never of an earlier moment than this call; null when it is unknown. Never throws. */
  async get(): Promise<Offsets | null> {
    if (this.#isAway) {
      this.#askAgain();
      return null;
    }
    const end = await this.#withPatience(this.#read.get().catch(() => null));
    if (end === null) this.#isAway = true;
    return end;
  }

  async #withPatience(asked: Promise<Offsets | null>): Promise<Offsets | null> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), this.#patienceMs);
    });
    return Promise.race([asked, late]).finally(() => clearTimeout(timer));
  }

  #askAgain(): void {
    this.#asking ??= this.#read.get().then(
      () => this.#noteAnswer(false),
      () => this.#noteAnswer(true),
    );
  }

  #noteAnswer(isAway: boolean): void {
    this.#asking = null;
    this.#isAway = isAway;
  }
}
