import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hashOf } from './distinct-sketch.js';
import { HashCache } from './hash-cache.js';

describe('a cache of hashes', () => {
  it('gives every value its own hash, asked for once or again, whatever came between', () => {
    const cache = new HashCache();
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 20 }), { maxLength: 40 }), (values) => {
        for (const value of [...values, ...values]) expect(cache.hashOf(value)).toBe(hashOf(value));
      }),
    );
  });

  it('is right for more values than it has room for', () => {
    const cache = new HashCache();
    const wrong = new Set<string>();
    for (let round = 0; round < 2; round++) {
      for (let number = 0; number < 160_000; number++) {
        if (cache.hashOf(`c-${number}`) !== hashOf(`c-${number}`)) wrong.add(`c-${number}`);
      }
    }
    expect([...wrong]).toEqual([]);
  });
});
