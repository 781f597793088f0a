import { describe, expect, it } from '@jest/globals';
import type { LogRecord } from '../ports/event-log.js';
import { decodeRecord, isControl } from './decode-record.js';

const EVENT = Buffer.from(
  JSON.stringify({
    event_id: 'e',
    occurred_at: '2026-01-11T00:00:00.000Z',
    type: 'order_placed',
    order_id: 'o',
    customer_id: 'c',
    category: 'books',
    amount: '1',
    country: 'DE',
  }),
);
const record = (value: Uint8Array | null, barrier: string | null, isMarker?: boolean): LogRecord => ({
  offset: 0,
  value,
  barrier,
  ...(isMarker && { isMarker }),
});

describe('a record is', () => {
  it.each<[string, LogRecord, 'control' | 'event' | 'refused']>([
    ['a barrier when it has a name and no value', record(null, 'run-7'), 'control'],
    ['a marker where an offset holds nothing', record(null, null, true), 'control'],
    ['an event', record(EVENT, null), 'event'],
    ['a dead letter when it is an event with the name of a barrier', record(EVENT, 'run-7'), 'refused'],
    ['a dead letter when it has an empty value and the name of a barrier', record(Buffer.alloc(0), 'run-7'), 'refused'],
    ['a dead letter when it has neither a value nor a name', record(null, null), 'refused'],
    ['a dead letter when it has no value and an empty name', record(null, ''), 'refused'],
  ])('%s', (_, given, expected) => {
    const decoded = decodeRecord(given);
    const found = isControl(given) ? 'control' : 'event' in decoded ? 'event' : 'refused';
    expect(found).toBe(expected);
  });
});
