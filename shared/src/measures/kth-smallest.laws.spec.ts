import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { kthSmallest } from './kth-smallest.js';

it('the k-th smallest is what stands at its place after sorting, for every k, equal numbers among them', () => {
  const lists = fc.array(fc.oneof(fc.nat(20), fc.nat(2 ** 52)), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(lists, (list) => {
      const sorted = Float64Array.from(list).sort();
      for (let k = 1; k <= list.length; k++) expect(kthSmallest(Float64Array.from(list), k)).toBe(sorted[k - 1]);
    }),
  );
});
