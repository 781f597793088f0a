import { type EventLog, TandemError } from '@tandem/shared';

/** Throws `not-provable` when the log may be another one than before: the realtime view is then of a log that is gone. */
export function refuseDoubt(log: Pick<EventLog, 'doubt'>): void {
  const reason = log.doubt();
  if (reason === null) return;
  throw new TandemError('not-provable', `No number can be given: ${reason}`, { facts: { reason } });
}
