import { describe, expect, it } from '@jest/globals';
import { readLabConfig } from './config.js';

function refusal(environment: Record<string, string>): string {
  try {
    readLabConfig(environment);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the settings were accepted');
}

describe('the settings of the lab', () => {
  it('have defaults for everything', () => {
    expect(readLabConfig({})).toMatchObject({
      PORT: 8080,
      HOST: '127.0.0.1',
      DATA_DIR: './data',
      DEMO_EVENTS_PER_SECOND: 20,
      BATCH_SCHEDULE: '*/5 * * * *',
      LOG_PARTITIONS: 4,
    });
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', 'http'],
    ['PORT', '80.5'],
    ['DEMO_EVENTS_PER_SECOND', '-1'],
    ['BATCH_SCHEDULE', 'every morning'],
    ['BATCH_SCHEDULE', '61 * * * *'],
    ['BATCH_SCHEDULE', '*/10 * * * * *'],
    ['API_TOKEN', 'short'],
    ['LOG_LEVEL', 'loud'],
    ['LOG_PARTITIONS', '0'],
    ['DUPLICATE_WINDOW_EVENTS', 'large'],
  ])('refuse %s=%s, naming the value found', (key, value) => {
    expect(refusal({ [key]: value })).toContain(`${key}: found "${value}"; `);
  });

  it('are refused all at once', () => {
    const message = refusal({ PORT: 'x', LOG_LEVEL: 'y', BATCH_SCHEDULE: 'z' });
    for (const key of ['PORT', 'LOG_LEVEL', 'BATCH_SCHEDULE']) expect(message).toContain(`${key}: found`);
  });

  it.each(['off', '0 3 * * *', '*/10 * * * *', '@hourly'])('take %j as a schedule', (schedule) => {
    expect(readLabConfig({ BATCH_SCHEDULE: schedule }).BATCH_SCHEDULE).toBe(schedule);
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', '127.0.0.1.example.com'])(
    'refuse to listen on %s without a token',
    (host) => {
      expect(refusal({ HOST: host })).toContain(`HOST: found ${host} without an API_TOKEN`);
      expect(readLabConfig({ HOST: host, API_TOKEN: 'a'.repeat(16) }).HOST).toBe(host);
    },
  );

  it.each(['127.0.0.1', '::1', 'localhost'])('listen on %s without a token', (host) => {
    expect(readLabConfig({ HOST: host }).HOST).toBe(host);
  });
});
