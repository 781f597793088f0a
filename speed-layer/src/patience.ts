import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** How long to wait before trying again after the n-th failure in a row (n from 1), in milliseconds. */
export function backoffMs(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10));
}

/** Resolves after `ms`, or at once when the signal is aborted; never rejects. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

/** Lets everything else that waits have its turn: queries are answered while the log is replayed. */
export async function breathe(): Promise<void> {
  await nextTurn();
}
