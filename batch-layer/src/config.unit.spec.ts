import { describe, expect, it } from '@jest/globals';
import { readBatchConfig } from './config.js';

const POSTGRES_URL = 'postgres://tandem@127.0.0.1:5432/tandem';

describe('the batch layer’s settings', () => {
  it('need only a Postgres', () => {
    expect(readBatchConfig({ POSTGRES_URL })).toMatchObject({
      BATCH_SCHEDULE: '*/5 * * * *',
      BATCH_MEMORY_LIMIT: '1GB',
    });
  });

  it.each([
    ['POSTGRES_URL', 'mysql://127.0.0.1/tandem'],
    ['BATCH_SCHEDULE', 'each morning'],
    ['BATCH_THREADS', '0'],
    ['BATCH_MEMORY_LIMIT', 'plenty'],
    ['BATCH_CHUNK_RECORDS', 'many'],
    ['LOG_LEVEL', 'loud'],
    ['TANDEM_CRASH_AT', 'lunch'],
  ])('are refused by name for %s=%s', (key, value) => {
    expect(() => readBatchConfig({ POSTGRES_URL, [key]: value })).toThrow(new RegExp(`${key}: found`));
  });
});
