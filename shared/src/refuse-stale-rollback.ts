import { TandemError } from './errors.js';

/** Refuses to roll back from a run that is not current. Throws `conflict`. */
export function refuseStaleRollback(from: number | undefined, current: number): void {
  if (from === undefined || from === current) return;
  const message = `from: found run ${from}, but run ${current} is current; nothing was changed: look at GET /batch/runs, and roll back from run ${current} if that is still wanted`;
  throw new TandemError('conflict', message, { facts: { current } });
}
