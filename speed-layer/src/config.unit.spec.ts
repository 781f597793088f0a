import { describe, expect, it } from '@jest/globals';
import { readConfig } from '@tandem/shared';
import { speedConfigSchema } from './config.js';

describe('the settings of the speed layer', () => {
  it('have a default each, but for the warm-up, which follows the window', () => {
    expect(readConfig(speedConfigSchema, {})).toEqual({
      DUPLICATE_WINDOW_EVENTS: 200_000,
      SPEED_MAX_CELLS: 5_000_000,
      SPEED_STRETCH_EVENTS: 2_000,
      SPEED_DROP_POLL_MS: 1_000,
    });
  });

  it.each([
    ['DUPLICATE_WINDOW_EVENTS', '0'],
    ['DUPLICATE_WINDOW_EVENTS', 'many'],
    ['WARM_UP_EVENTS', '-1'],
    ['SPEED_MAX_CELLS', '1.5'],
    ['SPEED_STRETCH_EVENTS', '1e9'],
    ['SPEED_DROP_POLL_MS', '1'],
  ])('refuse %s=%s, naming the key, the value and what is allowed', (key, value) => {
    const read = () => readConfig(speedConfigSchema, { [key]: value });
    expect(read).toThrow(`${key}: found "${value}"; allowed`);
  });
});
