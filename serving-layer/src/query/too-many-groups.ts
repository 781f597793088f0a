import { TandemError } from '@tandem/shared';
import { MAX_GROUPS } from './query.js';

/** An answer is never cut: it is given whole or refused with its size. */
export function tooManyGroups(groups: number): TandemError {
  return new TandemError(
    'too-large',
    `The answer would have ${groups} groups; allowed are ${MAX_GROUPS}: group by less, filter, or ask for a shorter range`,
    { facts: { groups, allowed: MAX_GROUPS } },
  );
}
