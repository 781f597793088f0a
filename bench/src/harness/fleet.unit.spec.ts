import { describe, expect, it } from '@jest/globals';
import { type Fleet, readingOf, withServers } from './fleet.js';
import { cpuSecondsOf } from './peer-process.js';

function fleetOf(steps: readonly (readonly number[])[]): Fleet {
  let step = 0;
  return {
    pids: [process.pid],
    applied: async () => steps[Math.min(step++, steps.length - 1)] ?? [],
    view: async () => ({ version: 0, partitions: [] }),
    stop: async () => {},
  };
}

/** Of the processor's time: others may use it meanwhile. */
function burn(seconds: number): void {
  const end = usedByUs() + seconds;
  while (usedByUs() < end) for (let step = 0; step < 1e6; step++) Math.sqrt(step);
}

function usedByUs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

describe('readingOf', () => {
  it('counts from the first records that can be seen, until the last partition is through', async () => {
    const startMs = performance.now();
    const reading = await readingOf(
      fleetOf([
        [0, 0],
        [4, 0],
        [10, 3],
        [10, 20],
      ]),
      [10, 20],
    );
    expect(reading.records).toBe(26);
    expect(reading.seconds).toBeGreaterThan(0.008);
    expect(reading.seconds).toBeLessThan((performance.now() - startMs) / 1000);
  });
});

describe('cpuSecondsOf', () => {
  it('is what the process itself counts, in user and in system', async () => {
    burn(0.3);
    expect(Math.abs((await cpuSecondsOf(process.pid)) - usedByUs())).toBeLessThan(0.1);
  });
});

describe('withServers', () => {
  it('adds what the servers have used meanwhile, and no more', async () => {
    // This process does other things too, such as tidying up its memory: by its own count it is what it is.
    burn(0.3);
    const before = usedByUs();
    const reading = await withServers([process.pid], async () => {
      burn(0.2);
      return { records: 1, seconds: 1, cpuSeconds: 5 };
    });
    expect(reading.cpuSeconds).toBeGreaterThan(5.1);
    expect(Math.abs(reading.cpuSeconds - 5 - (usedByUs() - before))).toBeLessThan(0.1);
  });
});
