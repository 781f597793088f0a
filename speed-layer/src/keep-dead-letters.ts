import { type DeadLetter, type DeadLetters, type Logger, messageOf } from '@tandem/shared';
import { backoffMs, sleep } from './patience.js';

/**
 * Keeps dead letters, trying again with growing waits for as long as it takes: a stretch is applied only after its dead
 * letters are kept, so none is ever lost, and while they cannot be kept the view lags, visibly, and answers stay right.
 * Returns false when the signal was aborted first.
 */
export async function keepDeadLetters(
  deadLetters: DeadLetters,
  letters: readonly DeadLetter[],
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<boolean> {
  if (letters.length === 0) return true;
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      await deadLetters.put(letters);
      return true;
    } catch (error) {
      logger.error({ failures, reason: messageOf(error) }, 'dead letters cannot be kept now; trying again');
      await sleep(backoffMs(failures), signal);
    }
  }
  return false;
}
