import { setTimeout as sleep } from 'node:timers/promises';
import { isOver, progressOf, type RunReport } from './run-report.js';

const POLL_MS = 100;

/** Looks at a run until it is over, telling each state that it is seen in, and what it waits for. Ends earlier, with what it saw last, when stopped. */
export async function followRun(
  look: () => Promise<RunReport>,
  tell: (progress: string) => void,
  signal: AbortSignal,
): Promise<RunReport> {
  let told = '';
  for (;;) {
    const run = await look();
    const progress = progressOf(run);
    if (progress !== told) tell(progress);
    told = progress;
    if (isOver(run) || signal.aborted) return run;
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}
