import type { EventInput } from '@tandem/shared';
import { Random } from './random.js';

export type DisorderOptions = {
  readonly seed: number;
  /** Probability that an event comes a second time, later. */
  readonly duplicates: number;
  /** Probability that an event comes later than others that happened after it. */
  readonly late: number;
};

/** By how many events a copy or a late event is held back at most (inclusive). */
export const MAX_DELAY_EVENTS = 1_000;

/**
 * Events as a network would deliver them: some twice, some late. Nothing is lost and nothing changed: a copy is the
 * same object. Holds back a bounded number of events.
 */
export function* disorder(events: Iterable<EventInput>, options: DisorderOptions): Generator<EventInput> {
  const random = new Random(options.seed, 'disorder');
  const waiting: EventInput[][] = Array.from({ length: MAX_DELAY_EVENTS + 1 }, () => []);
  const holdBack = (event: EventInput, now: number) => {
    waiting[(now + 1 + random.below(MAX_DELAY_EVENTS)) % waiting.length]?.push(event);
  };
  let now = 0;
  for (const event of events) {
    if (random.chance(options.late)) holdBack(event, now);
    else yield event;
    if (random.chance(options.duplicates)) holdBack(event, now);
    // Asked for first: delegating to an empty list costs as much as making an event.
    if (waiting[++now % waiting.length]?.length) yield* takeDue(waiting, now);
  }
  for (let left = 0; left < waiting.length; left++) yield* takeDue(waiting, ++now);
}

function takeDue(waiting: EventInput[][], now: number): readonly EventInput[] {
  const due = waiting[now % waiting.length] ?? [];
  waiting[now % waiting.length] = [];
  return due;
}
