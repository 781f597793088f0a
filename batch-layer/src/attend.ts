import { TandemError } from '@tandem/shared';
import type { LeaseDesk } from './ports/lease.js';
import { type BatchTools, runBatch } from './run-batch.js';

/**
 * Looks after the open run, if there is one: executes it when it was only requested, marks it failed when whoever
 * executed it is gone. Does nothing while another process holds the lease. Throws `unavailable`.
 */
export async function attendOpenRun(tools: BatchTools, desk: LeaseDesk): Promise<void> {
  if ((await tools.ledger.open()) === undefined) return;
  const lease = await desk.take();
  if (lease === undefined) return;
  try {
    // Asked again: what was open may have ended while the lease was another's.
    const run = await tools.ledger.open();
    if (run === undefined) return;
    if (run.state === 'requested') await runBatch(tools, lease, run);
    else await tools.ledger.fail(lease.token, run.id, interrupted(run.state), {});
  } finally {
    await lease.release();
  }
}

function interrupted(state: string) {
  return {
    code: 'interrupted',
    message: `found the run ${state}, and nobody at it: its process died or was cut off; the next run goes on`,
  };
}

/** True when the error is no surprise: another attempt comes by itself. */
export function isPassing(error: unknown): boolean {
  return error instanceof TandemError && (error.retriable || error.code === 'fenced');
}
