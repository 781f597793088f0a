import { setTimeout as sleep } from 'node:timers/promises';
import { quantileOf } from './spread.js';

const MS_PER_SECOND = 1_000;

export type Paced = {
  /** Starts no more, and waits for what is under way. Throws what the first that failed has thrown. Idempotent. */
  stop(): Promise<void>;
};

/**
 * Starts the work over and over at a steady rate, whether or not what was started before has ended: as users come, who do
 * not wait for each other. `dueMs` is when it should have started, on the clock of performance.now(). Ends at a failure.
 */
export function startPaced(perSecond: number, work: (dueMs: number) => Promise<unknown>): Paced {
  const underWay = new Set<Promise<void>>();
  let isStopped = false;
  let failure: { readonly error: unknown } | undefined;
  const running = (async () => {
    const startMs = performance.now();
    for (let count = 0; ; count++) {
      const dueMs = startMs + (count * MS_PER_SECOND) / perSecond;
      await sleep(Math.max(0, dueMs - performance.now()));
      if (isStopped) break;
      const one = work(dueMs)
        .then(
          () => {},
          (error: unknown) => {
            failure ??= { error };
            isStopped = true;
          },
        )
        .finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await Promise.all(underWay);
  })();
  return {
    stop: async () => {
      isStopped = true;
      await running;
      if (failure) throw failure.error;
    },
  };
}

export type PacedLoad = { readonly requests: number; readonly p99Ms: number };

/** Does the work at a steady rate for so long. What a piece waited for its start counts into the time that it took. */
export async function loadPaced(perSecond: number, seconds: number, work: () => Promise<unknown>): Promise<PacedLoad> {
  const tookMs: number[] = [];
  const paced = startPaced(perSecond, async (dueMs) => {
    await work();
    tookMs.push(performance.now() - dueMs);
  });
  await sleep(seconds * MS_PER_SECOND);
  await paced.stop();
  return { requests: tookMs.length, p99Ms: quantileOf(tookMs, 0.99) };
}
