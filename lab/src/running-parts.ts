import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@tandem/shared';

type Part = { readonly name: string; readonly stop: () => Promise<void> | void; readonly longestStopMs: number };

const LONGEST_STOP_MS = 10_000;

/** What has been started, to be stopped in the opposite order: nothing stops before what rests on it has. */
export class RunningParts {
  readonly #logger: Logger;
  readonly #parts: Part[] = [];
  #stopping: Promise<boolean> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** A part that takes longer to stop than it may is passed over. */
  add(name: string, stop: Part['stop'], longestStopMs: number = LONGEST_STOP_MS): void {
    this.#parts.push({ name, stop, longestStopMs });
  }

  /** Stops every part, last started first, and resolves with whether all ended well. Idempotent; never throws. */
  stopAll(): Promise<boolean> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  async #stopInOrder(): Promise<boolean> {
    let allWell = true;
    for (const part of this.#parts.toReversed()) {
      const fault = await faultOfStopping(part);
      if (fault === undefined) continue;
      allWell = false;
      this.#logger.error({ part: part.name, fault }, 'a part did not stop cleanly');
    }
    return allWell;
  }
}

/** Resolves with what went wrong, or undefined. */
async function faultOfStopping({ stop, longestStopMs }: Part): Promise<string | undefined> {
  const timer = new AbortController();
  const late = sleep(longestStopMs, `was still running after ${longestStopMs} ms`, { signal: timer.signal });
  try {
    return await Promise.race([Promise.resolve(stop()).then(() => undefined), late]);
  } catch (error) {
    return String(error);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}
