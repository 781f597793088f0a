import { describe, expect, it } from '@jest/globals';
import { readConfig } from '@tandem/shared';
import { checkExposure, servingConfigSchema } from './config.js';

describe('the settings of the serving layer', () => {
  it('have a default each', () => {
    expect(readConfig(servingConfigSchema, {})).toMatchObject({ PORT: 8080, HOST: '127.0.0.1' });
  });

  it.each([
    ['PORT', 'eighty'],
    ['PORT', '65536'],
    ['API_TOKEN', 'short'],
    ['QUERY_DEADLINE_MS', '0'],
    ['MAX_CONCURRENT_QUERIES', '-1'],
  ])('refuse %s=%s and name it', (key, value) => {
    expect(() => readConfig(servingConfigSchema, { [key]: value })).toThrow(`${key}: found "${value}"`);
  });

  it('let others connect only with a token', () => {
    const open = readConfig(servingConfigSchema, { HOST: '0.0.0.0' });
    expect(() => checkExposure(open)).toThrow('API_TOKEN');
    expect(() => checkExposure({ ...open, API_TOKEN: 'long-enough' })).not.toThrow();
    for (const HOST of ['127.0.0.1', '::1', 'localhost']) expect(() => checkExposure({ ...open, HOST })).not.toThrow();
  });
});
