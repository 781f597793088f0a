import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@tandem/shared';
import { RunningParts } from './running-parts.js';

const logger = createLogger('test', 'silent');

describe('running parts', () => {
  it('stop in the opposite order of their start, each once', async () => {
    const stopped: string[] = [];
    const parts = new RunningParts(logger);
    for (const name of ['first', 'second', 'third']) {
      parts.add(name, async () => {
        await Promise.resolve();
        stopped.push(name);
      });
    }
    expect(await Promise.all([parts.stopAll(), parts.stopAll()])).toEqual([true, true]);
    expect(stopped).toEqual(['third', 'second', 'first']);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('broken'))],
    ['hangs', () => new Promise<void>(() => {})],
  ])('go on stopping when one of them %s, and say so', async (_, stop) => {
    const stopped: string[] = [];
    const parts = new RunningParts(logger);
    parts.add('below', () => {
      stopped.push('below');
    });
    parts.add('faulty', stop, 10);
    expect(await parts.stopAll()).toBe(false);
    expect(stopped).toEqual(['below']);
  });
});
