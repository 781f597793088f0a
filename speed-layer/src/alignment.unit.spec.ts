import { describe, expect, it } from '@jest/globals';
import { Alignment, pass } from './alignment.js';
import type { PartitionState } from './session.js';

function aState(partition: number, changes: Partial<PartitionState> = {}): PartitionState {
  return {
    ...{ partition, owner: 1, applied: 10, segmentStart: 0, next: 10, startedAt: 0, hasCounted: true, hasLost: false },
    ...{ isWindowSound: true, standsAt: null, passed: [], passesAlone: null, goal: null, blocked: null },
    ...changes,
  };
}

function sideBySide(states: readonly PartitionState[], patienceMs = 60_000, signal = new AbortController().signal) {
  const alignment = new Alignment(signal, patienceMs);
  for (const state of states) alignment.put(state.partition, state);
  return alignment;
}

describe('partitions side by side', () => {
  it('pass a barrier once all have come to it, whichever comes first', () => {
    const [first, second] = [aState(0, { standsAt: 'run-1' }), aState(1)];
    const alignment = sideBySide([first, second]);
    expect([first, second].map((state) => alignment.mayFold(state))).toEqual([false, true]);
    second.standsAt = 'run-1';
    expect([first, second].map((state) => alignment.mayFold(state))).toEqual([true, true]);
    pass(first, 'run-1');
    expect([first, second].map((state) => alignment.mayFold(state))).toEqual([true, true]);
  });

  it('do not go on after a barrier that another has not come to, as when a worker ended between the two', () => {
    const [ahead, behind] = [aState(0, { passed: ['run-1', 'run-2'] }), aState(1, { passed: ['run-1'] })];
    const alignment = sideBySide([ahead, behind]);
    expect([ahead, behind].map((state) => alignment.mayFold(state))).toEqual([false, true]);
    pass(behind, 'run-2');
    expect([ahead, behind].map((state) => alignment.mayFold(state))).toEqual([true, true]);
  });

  it.each([
    ['is being taken over', null],
    ['is being read for the window', aState(1, { next: 3 })],
    ['has put into the window what may not be in the view', aState(1, { isWindowSound: false })],
  ])('fold nothing while one of them %s', (_, other) => {
    const alignment = sideBySide([aState(0)]);
    alignment.put(1, other);
    expect(alignment.mayFold(aState(0))).toBe(false);
    alignment.delete(1);
    expect(alignment.mayFold(aState(0))).toBe(true);
  });

  it('wait until the last one comes', async () => {
    const [first, second] = [aState(0, { standsAt: 'run-1' }), aState(1)];
    const alignment = sideBySide([first, second]);
    let isOver = false;
    const waiting = alignment.untilMayGoOn(first).then(() => (isOver = true));
    alignment.tell();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isOver).toBe(false);
    second.standsAt = 'run-1';
    alignment.tell();
    await waiting;
    expect(first.passesAlone).toBe(null);
  });

  it('pass a barrier alone when no partition moves for as long as they are patient, and say so until the next one', async () => {
    const [first, second] = [aState(0, { standsAt: 'run-1' }), aState(1)];
    const alignment = sideBySide([first, second], 100);
    await alignment.untilMayGoOn(first);
    expect([first.passesAlone, alignment.mayFold(first)]).toEqual(['run-1', true]);
    pass(first, 'run-1');
    expect([first.passesAlone, alignment.mayFold(first)]).toEqual(['run-1', true]);
    first.standsAt = 'run-2';
    expect(alignment.mayFold(first)).toBe(false);
    second.standsAt = 'run-2';
    pass(first, 'run-2');
    expect(first.passesAlone).toBe(null);
  });

  it('wait on while the one that is behind moves', async () => {
    const [first, second] = [aState(0, { standsAt: 'run-1' }), aState(1)];
    const alignment = sideBySide([first, second], 1_500);
    const waiting = alignment.untilMayGoOn(first);
    for (let round = 0; round < 40; round++) {
      second.next += 1;
      second.applied += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(first.passesAlone).toBe(null);
    second.standsAt = 'run-1';
    alignment.tell();
    await waiting;
  }, 10_000);

  it('stop waiting at the end', async () => {
    const end = new AbortController();
    const first = aState(0, { standsAt: 'run-1' });
    const waiting = sideBySide([first, aState(1)], 60_000, end.signal).untilMayGoOn(first);
    end.abort();
    await waiting;
  });
});
