import { describe, expect, it } from '@jest/globals';
import type { Event } from '@tandem/shared';
import { DuplicateWindow } from './duplicate-window.js';

function anOpenedTicket(event_id: string, occurred_at = 0): Event {
  return { type: 'ticket_opened', event_id, occurred_at, ticket_id: 't', customer_id: null, priority: 'high' };
}

/** Sends events of the given ids to offsets 0, 1, 2, … and returns which ones the window took for copies. */
function copiesAmong(reach: number, ids: readonly string[]): readonly boolean[] {
  const window = new DuplicateWindow(reach);
  return ids.map((id, offset) => window.isDuplicate(anOpenedTicket(id), offset));
}

describe('the duplicate window', () => {
  it('drops the second copy and every later one', () => {
    expect(copiesAmong(10, ['a', 'b', 'a', 'a', 'b'])).toEqual([false, false, true, true, true]);
  });

  it('takes one event_id at two times for two events', () => {
    const window = new DuplicateWindow(10);
    const decisions = [1, 2, 3, 2, 1, 3].map((time, offset) => window.isDuplicate(anOpenedTicket('a', time), offset));
    expect(decisions).toEqual([false, false, false, true, true, true]);
  });

  it('drops a copy that is as far behind its original as the window reaches, wherever the original lies', () => {
    const reach = 5;
    for (let start = 0; start < 4 * reach; start++) {
      const ids = Array.from({ length: start + reach + 1 }, (_, offset) => `e-${offset}`);
      ids[start + reach] = `e-${start}`;
      expect(copiesAmong(reach, ids).at(-1)).toBe(true);
    }
  });

  it('never drops a copy that is more than twice as far behind', () => {
    const reach = 5;
    for (let start = 0; start < 4 * reach; start++) {
      const ids = Array.from({ length: start + 2 * reach + 1 }, (_, offset) => `e-${offset}`);
      ids[start + 2 * reach] = `e-${start}`;
      expect(copiesAmong(reach, ids).at(-1)).toBe(false);
    }
  });

  it('holds at most twice its reach, however many events come', () => {
    const window = new DuplicateWindow(100);
    for (let offset = 0; offset < 5_000; offset++) {
      window.isDuplicate(anOpenedTicket(`e-${offset}`), offset);
      expect(window.size).toBeLessThanOrEqual(200);
    }
  });

  it('forgets what lies beyond its reach when offsets leap, as they do over records that are no events', () => {
    const window = new DuplicateWindow(10);
    window.isDuplicate(anOpenedTicket('a'), 0);
    expect(window.isDuplicate(anOpenedTicket('a'), 1_000)).toBe(false);
    expect(window.size).toBe(1);
  });
});
