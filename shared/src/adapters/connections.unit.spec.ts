import { describe, expect, it } from '@jest/globals';
import { readConfig } from '../config.js';
import { connectionSchema, kafkaConnectionOf, requireShared } from './connections.js';

const ALL = {
  POSTGRES_URL: 'postgres://tandem@db:5432/tandem',
  KAFKA_BROKERS: 'one:9092, two:9092',
  REDIS_URL: 'rediss://cache:6379',
};

function read(environment: Record<string, string>) {
  return readConfig(connectionSchema, environment);
}

describe('the connections to real services', () => {
  it('are none when nothing is set', () => {
    expect(read({})).toMatchObject({ KAFKA_TOPIC: 'tandem.events', KAFKA_RETENTION_MS: -1 });
    expect(kafkaConnectionOf(read({}))).toBeNull();
  });

  it('take several brokers, TLS and a login', () => {
    const login = { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'shop', KAFKA_SASL_PASSWORD: 'secret' };
    expect(kafkaConnectionOf(read({ ...ALL, ...login, KAFKA_TLS: 'true' }))).toMatchObject({
      brokers: ['one:9092', 'two:9092'],
      tls: true,
      sasl: { mechanism: 'scram-sha-512', username: 'shop', password: 'secret' },
    });
  });

  it('refuse half a login by the name of what is missing', () => {
    const half = read({ ...ALL, KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'shop' });
    expect(() => kafkaConnectionOf(half)).toThrow('KAFKA_SASL_PASSWORD: found nothing');
  });

  it.each([
    ['KAFKA_BROKERS', 'broker'],
    ['KAFKA_BROKERS', 'one:9092,,two:9092'],
    ['KAFKA_TOPIC', 'a topic'],
    ['KAFKA_RETENTION_MS', 'long'],
    ['KAFKA_TLS', 'yes'],
    ['KAFKA_SASL_MECHANISM', 'kerberos'],
    ['REDIS_URL', 'http://cache'],
    ['POSTGRES_URL', 'mysql://db/tandem'],
  ])('refuse %s=%s, naming the value found', (key, value) => {
    expect(() => read({ [key]: value })).toThrow(`${key}: found "${value}"; `);
  });

  it.each(['POSTGRES_URL', 'KAFKA_BROKERS', 'REDIS_URL'] as const)(
    'must all be set for a process of its own: %s',
    (key) => {
      const config = read({ ...ALL, [key]: '' });
      expect(() => requireShared('speed layer', config)).toThrow(`${key}: found nothing; the speed layer`);
    },
  );

  it('are as they were when all are set', () => {
    expect(requireShared('speed layer', read(ALL))).toMatchObject({ REDIS_URL: 'rediss://cache:6379' });
  });
});
