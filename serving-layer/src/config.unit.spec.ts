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
    ['ALLOWED_HOSTS', 'http://shop.example'],
    ['ALLOWED_HOSTS', '*'],
    ['ALLOWED_HOSTS', '*.shop.example'],
    ['ALLOWED_HOSTS', 'shop.example/path'],
    ['ALLOWED_HOSTS', 'shop.example:70000'],
    ['ALLOWED_HOSTS', 'good.example,two words'],
    ['ALLOWED_ORIGINS', '*'],
    ['ALLOWED_ORIGINS', 'null'],
    ['ALLOWED_ORIGINS', 'app.example'],
    ['ALLOWED_ORIGINS', 'https://*.example'],
    ['ALLOWED_ORIGINS', 'https://app.example/path'],
    ['ALLOWED_ORIGINS', 'https://user@app.example'],
    ['ALLOWED_ORIGINS', 'file:///tmp'],
    ['ALLOWED_ORIGINS', 'https://good.example,*'],
  ])('refuse %s=%s and name it', (key, value) => {
    expect(() => readConfig(servingConfigSchema, { [key]: value })).toThrow(`${key}: found "${value}"`);
  });

  it('read hosts and origins as browsers write them', () => {
    const given = { ALLOWED_HOSTS: ' Shop.Example.:8080, [0:0::1] ,', ALLOWED_ORIGINS: 'HTTPS://App.Example:443/' };
    expect(readConfig(servingConfigSchema, given)).toMatchObject({
      ALLOWED_HOSTS: [{ name: 'shop.example', port: 8080 }, { name: '[::1]' }],
      ALLOWED_ORIGINS: ['https://app.example'],
    });
  });

  it('let others connect only with a token', () => {
    const open = readConfig(servingConfigSchema, { HOST: '0.0.0.0' });
    expect(() => checkExposure(open)).toThrow('API_TOKEN');
    expect(() => checkExposure({ ...open, API_TOKEN: 'long-enough' })).not.toThrow();
    for (const HOST of ['127.0.0.1', '::1', 'localhost']) expect(() => checkExposure({ ...open, HOST })).not.toThrow();
  });
});
