import { type EventInput, MS_PER_DAY } from '@tandem/shared';
import { disorder } from './disorder.js';
import { shopEvents } from './shop-events.js';

export type GenerateOptions = {
  /** Different events; copies come on top. */
  readonly events: number;
  /** The same seed and options give the same events in the same order. */
  readonly seed: number;
  /** Probability that an event comes twice; 0 by default. */
  readonly duplicates?: number;
  /** Probability that an event comes after later ones; 0 by default. */
  readonly late?: number;
  /** Event times go evenly from here (inclusive) ... */
  readonly startMs?: number;
  /** ... over so many days (exclusive end). */
  readonly days?: number;
  /** Told of each different event once, in order of event time, before it is delivered. */
  readonly onEvent?: (event: EventInput) => void;
};

export const DEFAULT_START_MS = Date.UTC(2026, 0, 1);
export const DEFAULT_DAYS = 30;

/** Events of an invented shop and help desk as a network would deliver them. Memory does not grow with `events`. */
export function generateEvents(options: GenerateOptions): Iterable<EventInput> {
  const { seed, duplicates = 0, late = 0 } = options;
  return disorder(firstEvents(options), { seed, duplicates, late });
}

function* firstEvents(options: GenerateOptions): Generator<EventInput> {
  const { events, seed, startMs = DEFAULT_START_MS, days = DEFAULT_DAYS, onEvent } = options;
  if (events === 0) return;
  const msPerEvent = (days * MS_PER_DAY) / events;
  const nextTimeMs = (eventsSoFar: number) => startMs + Math.floor(eventsSoFar * msPerEvent);
  let left = events;
  for (const event of shopEvents({ seed, nextTimeMs })) {
    onEvent?.(event);
    yield event;
    if (--left === 0) return;
  }
}
