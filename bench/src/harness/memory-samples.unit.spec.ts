import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type MemorySample, startSampling, stretchesOf } from './memory-samples.js';

const sample = (events: number, ours: number): MemorySample<'ours'> => ({ events, residentMb: { ours } });

describe('stretchesOf', () => {
  it('takes each sample into the stretch that ends at its events or above', () => {
    const samples = [
      [0, 999],
      [1, 10],
      [3, 11],
      [5, 12],
      [6, 20],
      [8, 22],
      [10, 60],
    ].map(([events = 0, ours = 0]) => sample(events, ours));
    expect(stretchesOf(samples, 'ours', 10, 2)).toEqual([
      { median: 11, min: 10, max: 12 },
      { median: 22, min: 20, max: 60 },
    ]);
  });

  it('refuses to say anything of a stretch that was hardly looked at', () => {
    const samples = [1, 2, 3, 8, 9].map((events) => sample(events, 10));
    expect(() => stretchesOf(samples, 'ours', 10, 2)).toThrow('found 2 samples of 5 to 10 events; too few to compare');
  });
});

describe('startSampling', () => {
  it('notes what each process holds, with how many events had come in', async () => {
    let events = 0;
    const sampling = startSampling(100, { ours: process.pid }, () => events++);
    while (sampling.samples.length < 2) await sleep(5);
    await sampling.stop();
    const residentMb = process.memoryUsage.rss() / 2 ** 20;
    // One may come in before another that began earlier.
    expect(sampling.samples.map((one) => one.events).toSorted((a, b) => a - b)).toEqual([...Array(events).keys()]);
    for (const one of sampling.samples) {
      expect(one.residentMb.ours).toBeGreaterThan(residentMb / 2);
      expect(one.residentMb.ours).toBeLessThan(residentMb * 2);
    }
  });

  it('throws when a process has ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'close');
    const sampling = startSampling(100, { theirs: child.pid ?? 0 }, () => 0);
    await sleep(50);
    await expect(sampling.stop()).rejects.toThrow();
  });
});
