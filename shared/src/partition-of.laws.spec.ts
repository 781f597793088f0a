import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { partitionOf } from './partition-of.js';

describe('the partition of a key', () => {
  it('is a partition of the log, and always the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 64 }), (key, partitions) => {
        const partition = partitionOf(key, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
        expect(partitionOf(key, partitions)).toBe(partition);
      }),
    );
  });

  it('never changes: records of a key that lie in a log stay where they belong', () => {
    const keys = ['', 'a', 'c-1', 'c-2', 'INC0000045', 'Ünïcödé 🎁'];
    expect(keys.map((key) => partitionOf(key, 4))).toEqual([3, 3, 1, 1, 1, 0]);
  });

  it.each([
    ['numbered keys', (index: number) => `customer-${index}`],
    [
      'keys that differ in high bits only',
      (index: number) => `${String.fromCharCode(0x20 + (index % 16) * 4)}${(index >> 4) << 2}`,
    ],
  ])('spreads %s evenly', (_, keyOf) => {
    const counts = [0, 0, 0, 0];
    for (let index = 0; index < 8_000; index++) {
      const partition = partitionOf(keyOf(index), 4);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  });
});
