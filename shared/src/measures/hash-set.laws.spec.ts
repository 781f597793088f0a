import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HashSet } from './hash-set.js';

describe('a set of hashes', () => {
  it('behaves like a Set, small and large', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 120 }), (values) => {
        const [set, model] = [new HashSet(), new Set<number>()];
        for (const value of values) {
          expect(set.add(value)).toBe(!model.has(value));
          model.add(value);
          expect(set.size).toBe(model.size);
        }
        expect([...set.values()].sort()).toEqual([...model].sort());
        for (let value = 0; value <= 60; value++) expect(set.has(value)).toBe(model.has(value));
      }),
    );
  });
});
