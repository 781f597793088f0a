import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TandemError } from '@tandem/shared';
import type { RunLedger } from './ports/run-ledger.js';
import type { Publication, ViewPublisher } from './ports/view-publisher.js';

/** How long Postgres may be away before the run's outcome is left for the next holder of the lease to find. */
const OUTCOME_ATTEMPTS = 30;
const OUTCOME_RETRY_MS = 1_000;

/**
 * Publishes the run's view. When the connection breaks, the commit may have happened or not: the run's row tells.
 * Publishing is never tried again blindly.
 */
export async function publish(publisher: ViewPublisher, ledger: RunLedger, publication: Publication): Promise<void> {
  try {
    await publisher.publish(publication);
  } catch (error) {
    const isUnknown = error instanceof TandemError && error.code === 'unavailable';
    if (!isUnknown || !(await wasPublished(ledger, publication.runId))) throw error;
  }
}

async function wasPublished(ledger: RunLedger, runId: number): Promise<boolean> {
  let reason = '';
  for (let attempt = 0; attempt < OUTCOME_ATTEMPTS; attempt++) {
    try {
      return (await ledger.outcome(runId)) === 'published';
    } catch (error) {
      reason = messageOf(error);
      await sleep(OUTCOME_RETRY_MS);
    }
  }
  throw new TandemError('unavailable', `run ${runId}: cannot find out whether it was published: ${reason}`);
}
