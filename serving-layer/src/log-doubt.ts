import { TandemError } from '@tandem/shared';

/** Tells why the log, or the realtime view, may be of another deployment than the rest; null when all is one. Asks nobody. */
export type Doubts = { doubt(): string | null };

/** Throws `not-provable` when there is a doubt: an answer would rest on a log that is gone, or on a view of another one. */
export function refuseDoubt(doubts: Doubts): void {
  const reason = doubts.doubt();
  if (reason === null) return;
  throw new TandemError('not-provable', `No number can be given: ${reason}`, { facts: { reason } });
}
