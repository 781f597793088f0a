import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@tandem/shared';

type Part = { readonly name: string; stop(): Promise<void> | void };

/** Longest time that one part may take to stop; Postgres, which comes last, has bounds of its own. */
const LONGEST_STOP_MS = 10_000;

/** What has been started, to be stopped in the opposite order: nothing stops before what rests on it has. */
export class RunningParts {
  readonly #logger: Logger;
  readonly #parts: Part[] = [];
  #stopping: Promise<boolean> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, stop: Part['stop']): void {
    this.#parts.push({ name, stop });
  }

  /** Stops every part, last started first, and resolves with whether all ended well. Idempotent; never throws. */
  stopAll(longestStopMs: number = LONGEST_STOP_MS): Promise<boolean> {
    this.#stopping ??= this.#stopInOrder(longestStopMs);
    return this.#stopping;
  }

  async #stopInOrder(longestStopMs: number): Promise<boolean> {
    let allWell = true;
    for (const part of this.#parts.reverse()) {
      const fault = await stopWithin(part, longestStopMs);
      if (fault === undefined) continue;
      allWell = false;
      this.#logger.error({ part: part.name, fault }, 'a part did not stop cleanly');
    }
    return allWell;
  }
}

/** Resolves with what went wrong, or undefined. */
async function stopWithin(part: Part, withinMs: number): Promise<unknown> {
  const timer = new AbortController();
  const late = sleep(withinMs, `was still running after ${withinMs} ms`, { signal: timer.signal }).catch(
    () => undefined,
  );
  const stopped = Promise.resolve()
    .then(() => part.stop())
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  try {
    return await Promise.race([stopped, late]);
  } finally {
    timer.abort();
  }
}
