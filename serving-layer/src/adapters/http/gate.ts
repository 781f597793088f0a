import { TandemError } from '@tandem/shared';

/** Lets a bounded number of requests in at a time, each for a bounded time. */
export class Gate {
  readonly #what: string;
  readonly #maxConcurrent: number;
  #inside = 0;

  constructor(what: string, maxConcurrent: number) {
    this.#what = what;
    this.#maxConcurrent = maxConcurrent;
  }

  /** Throws `overloaded` when it is full. */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#inside >= this.#maxConcurrent) {
      throw new TandemError(
        'overloaded',
        `${this.#maxConcurrent} ${this.#what} are under way, which is the most at a time; try again shortly`,
        { facts: { allowed: this.#maxConcurrent } },
      );
    }
    this.#inside++;
    try {
      return await work();
    } finally {
      this.#inside--;
    }
  }
}

/** Rejects with `unavailable` when the work takes longer; the work itself ends by its own limits. */
export async function within<Result>(deadlineMs: number, what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new TandemError('unavailable', `${what} took longer than ${deadlineMs} ms; try again, or ask for less`, {
          facts: { deadline_ms: deadlineMs },
        }),
      );
    }, deadlineMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
