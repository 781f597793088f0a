import { messageOf, TandemError } from '@tandem/shared';
import { consume } from './consume.js';
import { keepDropping, oldestKeptBoundary } from './drop-segments.js';
import { backoffMs, sleep } from './patience.js';
import { beginSession, type SpeedOptions } from './session.js';
import { warmUp } from './warm-up.js';

export type SpeedLayer = {
  /** Ends reading promptly; the view keeps what was applied. */
  stop(): Promise<void>;
};

/**
 * Starts the speed layer: log → segments of the realtime view. Resolves before the view is warm, and never throws:
 * after a fault the view is cold with the reason, and is built anew after a wait of at most 5 seconds.
 */
export async function startSpeedLayer(options: SpeedOptions): Promise<SpeedLayer> {
  const stopping = new AbortController();
  const ended = keepBuilding(options, stopping.signal);
  return {
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

async function keepBuilding(options: SpeedOptions, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await build(options, signal);
      failures = 0;
    } catch (error) {
      options.logger.error({ failures: ++failures, error }, `the speed layer failed: ${messageOf(error)}`);
      // Another speed layer owns the view now: taking it back would only make the two take turns.
      if (error instanceof TandemError && error.code === 'fenced') return;
      await sleep(backoffMs(failures), signal);
    }
  }
}

/** Builds the view from the oldest kept boundary and keeps it up to date. Ends as `consume` does. */
async function build(options: SpeedOptions, signal: AbortSignal): Promise<void> {
  const session = await beginSession(options, await oldestKeptBoundary(options.runs));
  const ending = new AbortController();
  const dropping = keepDropping(options, session, AbortSignal.any([signal, ending.signal]));
  try {
    await warmUp(options, session, signal);
    await consume(options, session, signal);
  } catch (error) {
    await options.store.setCold(session.owner, `the speed layer failed and starts again: ${messageOf(error)}`);
    throw error;
  } finally {
    ending.abort();
    await dropping;
  }
}
