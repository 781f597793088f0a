import { setTimeout as sleep } from 'node:timers/promises';
import { isOver, type RunReport } from './run-report.js';

const POLL_MS = 100;

/** Looks at a run until it is over, telling each state that it is seen in. Ends earlier, with what it saw last, when stopped. */
export async function followRun(
  look: () => Promise<RunReport>,
  tell: (state: string) => void,
  signal: AbortSignal,
): Promise<RunReport> {
  let told = '';
  for (;;) {
    const run = await look();
    if (run.state !== told) tell(run.state);
    told = run.state;
    if (isOver(run) || signal.aborted) return run;
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}
