import { describe, expect, it } from '@jest/globals';
import { refuseUndropped } from './speed-processes.js';

const viewOf = (...stretches: readonly (readonly [from: number, applied: number])[]) => ({
  version: 1,
  partitions: stretches.map(([from, applied]) => ({ from, applied, segments: [], cold: null })),
});

describe('refuseUndropped', () => {
  it('takes a view that holds half of what it has come to, or less', () => {
    expect(() => refuseUndropped(viewOf([60, 100], [40, 100]))).not.toThrow();
  });

  it('refuses one that holds more, and one that never held anything', () => {
    expect(() => refuseUndropped(viewOf([60, 100], [39, 100]))).toThrow(
      'found 101 of 200 records in the realtime view; allowed is half of them',
    );
    expect(() => refuseUndropped(viewOf([0, 0]))).toThrow('found 0 of 0 records');
  });
});
