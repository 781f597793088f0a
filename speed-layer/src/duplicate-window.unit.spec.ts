import { describe, expect, it } from '@jest/globals';
import type { Event } from '@tandem/shared';
import { DuplicateWindow } from './duplicate-window.js';

function anOpenedTicket(event_id: string, occurred_at = 0): Event {
  return { type: 'ticket_opened', event_id, occurred_at, ticket_id: 't', customer_id: null, priority: 'high' };
}

/** Sends events of the given ids to offsets 0, 1, 2, … and returns which ones the window took for copies. */
function copiesAmong(reach: number, ids: readonly string[]): readonly boolean[] {
  const window = new DuplicateWindow(reach);
  return ids.map((id, offset) => window.isDuplicate(anOpenedTicket(id), 0, offset));
}

describe('the duplicate window', () => {
  it('drops the second copy and every later one', () => {
    expect(copiesAmong(10, ['a', 'b', 'a', 'a', 'b'])).toEqual([false, false, true, true, true]);
  });

  it('takes one event_id at two times for two events', () => {
    const window = new DuplicateWindow(10);
    const decisions = [1, 2, 3, 2, 1, 3].map((time, offset) =>
      window.isDuplicate(anOpenedTicket('a', time), 0, offset),
    );
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

  it('finds a copy in another partition while that holds the original, and no longer', () => {
    const reach = 5;
    const isFoundAfter = (records: number) => {
      const window = new DuplicateWindow(reach);
      window.isDuplicate(anOpenedTicket('a'), 1, 0);
      for (let offset = 1; offset <= records; offset++) window.isDuplicate(anOpenedTicket(`e-${offset}`), 1, offset);
      for (let offset = 0; offset < 100; offset++) window.isDuplicate(anOpenedTicket(`f-${offset}`), 2, offset);
      return window.isDuplicate(anOpenedTicket('a'), 2, 100);
    };
    expect([0, reach, 2 * reach].map(isFoundAfter)).toEqual([true, true, false]);
  });

  it('keeps what one partition held of an event when another forgets it', () => {
    const window = new DuplicateWindow(5);
    for (const partition of [1, 2]) window.isDuplicate(anOpenedTicket('a'), partition, 0);
    window.forget(1);
    expect([1, 2, 1].map((partition) => window.isDuplicate(anOpenedTicket('a'), partition, 1))).toEqual([
      true,
      true,
      true,
    ]);
    window.forget(1);
    window.forget(2);
    expect(window.isDuplicate(anOpenedTicket('a'), 1, 2)).toBe(false);
  });

  it('never drops a copy that is more than twice as far behind', () => {
    const reach = 5;
    for (let start = 0; start < 4 * reach; start++) {
      const ids = Array.from({ length: start + 2 * reach + 1 }, (_, offset) => `e-${offset}`);
      ids[start + 2 * reach] = `e-${start}`;
      expect(copiesAmong(reach, ids).at(-1)).toBe(false);
    }
  });

  it('takes at most three places for each identity that it may hold, however many events come', () => {
    const reach = 20_000;
    const window = new DuplicateWindow(reach);
    let largest = 0;
    for (let offset = 0; offset < 300_000; offset++) {
      window.isDuplicate(anOpenedTicket(`e-${offset}`), 0, offset);
      if (offset % 1_000 === 0) largest = Math.max(largest, window.size);
    }
    expect(largest).toBeGreaterThan(reach);
    expect(largest).toBeLessThanOrEqual(3 * 2 * reach);
  });

  it('forgets what lies beyond its reach when offsets leap, as they do over records that are no events', () => {
    const window = new DuplicateWindow(10);
    window.isDuplicate(anOpenedTicket('a'), 0, 0);
    expect(window.isDuplicate(anOpenedTicket('a'), 0, 1_000)).toBe(false);
  });
});
