import { describe, expect, it } from '@jest/globals';
import { DistinctSketch, encodeSketch, hashOf, SKETCH_SIZE } from '@tandem/shared';
import fc from 'fast-check';
import { uniteSketches } from './unite-sketches.js';

const textOf = (hashes: readonly number[]) => hashes.map((hash) => hash.toString(16).padStart(14, '0')).join('');
const sketchText = (hashes: readonly number[]) => encodeSketch(DistinctSketch.of(hashes)).toString('hex');
const aHash = fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 2 ** 52 - 1 }));

describe('uniting sketches as text', () => {
  it('gives the sketch of the union, whatever the order of what is added and however often', () => {
    fc.assert(
      fc.property(fc.array(aHash), fc.array(aHash), (held, added) => {
        expect(uniteSketches(sketchText(held), textOf(added))).toBe(sketchText([...held, ...added]));
      }),
    );
  });

  it('keeps no more than the smallest hashes', () => {
    const hashes = Array.from({ length: SKETCH_SIZE + 500 }, (_, n) => hashOf(`value ${n}`));
    const united = uniteSketches(sketchText(hashes.slice(0, SKETCH_SIZE)), textOf(hashes.slice(SKETCH_SIZE - 100)));
    expect(united).toBe(sketchText(hashes));
  });
});
