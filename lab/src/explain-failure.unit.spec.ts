import { describe, expect, it } from '@jest/globals';
import { TandemError } from '@tandem/shared';
import { explainFailure } from './explain-failure.js';

describe('a failure is explained', () => {
  it('by what to do where it was foreseen', () => {
    expect(explainFailure('Tandem cannot start', new TandemError('unavailable', 'free the port'))).toBe(
      'Tandem cannot start. free the port',
    );
  });

  it('in one line without a stack, with the place, where it was not', () => {
    const text = explainFailure('batch', new TypeError('x is not a function'));
    expect(text).toMatch(/^batch\. x is not a function \(this was not foreseen, at .*explain-failure\.\S+:\d+: please/);
    expect(text).not.toContain('\n');
  });

  it('whatever was thrown', () => {
    expect(explainFailure('batch', 'no')).toBe('batch. no (this was not foreseen: please report it)');
  });
});
