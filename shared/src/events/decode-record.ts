import type { LogRecord } from '../ports/event-log.js';
import { type Decoded, decodeEvent } from './decode-event.js';

const FORGED = {
  refusal: {
    path: '',
    reason:
      'found a value beside the header or name of a barrier; allowed is either: send an event without that header',
  },
} as const;

/** Whether a record is no event by its kind: a barrier, which has a name and no value, or an offset that holds nothing. */
export function isControl({ value, barrier, isMarker }: LogRecord): boolean {
  return isMarker === true || (Boolean(barrier) && value === null);
}

/** What a record that is no control record says. One that has a value and calls itself a barrier is neither: it is refused. */
export function decodeRecord({ value, barrier }: LogRecord): Decoded {
  return barrier ? FORGED : decodeEvent(value);
}
