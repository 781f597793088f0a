import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { loadPaced, startPaced } from './pace.js';

/** Resolves when `enough` is so, asked again at every turn. */
async function until(enough: () => boolean): Promise<void> {
  while (!enough()) await sleep(1);
}

function blockFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe('startPaced', () => {
  it('starts the next piece when it is due, though none before it has ended', async () => {
    let started = 0;
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { stop } = startPaced(1_000, async () => {
      started++;
      await finished;
    });
    await until(() => started >= 5);
    finish();
    await stop();
  });

  it('says when each was due, evenly, however late it came to start', async () => {
    const dues: number[] = [];
    const { stop } = startPaced(200, async (dueMs) => void dues.push(dueMs));
    await until(() => dues.length >= 4);
    await stop();
    const gaps = dues.slice(1).map((due, index) => due - (dues[index] ?? 0));
    for (const gap of gaps) expect(gap).toBeCloseTo(5, 6);
  });

  it('waits at its end for what is under way', async () => {
    let isStarted = false;
    let isDone = false;
    const { stop } = startPaced(1_000, async () => {
      isStarted = true;
      await sleep(20);
      isDone = true;
    });
    await until(() => isStarted);
    await stop();
    expect(isDone).toBe(true);
  });

  it('throws at its end what a piece has thrown, and has started none since', async () => {
    let started = 0;
    const { stop } = startPaced(1_000, async () => {
      started++;
      throw new Error(`the piece ${started} failed`);
    });
    await until(() => started > 0);
    await sleep(20);
    await expect(stop()).rejects.toThrow('the piece 1 failed');
    expect(started).toBe(1);
  });
});

describe('loadPaced', () => {
  it('counts what a piece waited for its start into the time that it took', async () => {
    const blockedMs = 100;
    let count = 0;
    const { requests, p99Ms } = await loadPaced(100, 0.3, async () => {
      // No piece takes any time itself, but those after the first can begin only when this is over.
      if (count++ === 0) setTimeout(() => blockFor(blockedMs), 1);
    });
    expect(requests).toBe(count);
    expect(p99Ms).toBeGreaterThan(blockedMs / 2);
  });
});
