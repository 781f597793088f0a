import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import kafkajs from 'kafkajs';
import { TopicWatch, type Watched } from './topic-watch.js';

function protocolError(type: string): Error {
  return new kafkajs.KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 3, retriable: true }));
}

/** A broker that says what a test wants. */
class Broker implements Watched {
  partitions: number | Error = 4;
  settings: Readonly<Record<string, string>> = { 'cleanup.policy': 'delete', 'max.message.bytes': '1000' };

  fetchTopicMetadata = (async () => {
    if (this.partitions instanceof Error) throw this.partitions;
    return { topics: [{ name: 'events', partitions: Array.from({ length: this.partitions }, () => ({})) }] };
  }) as unknown as Watched['fetchTopicMetadata'];

  describeConfigs = (async () => {
    const configEntries = Object.entries(this.settings).map(([configName, configValue]) => ({
      configName,
      configValue,
    }));
    return { resources: [{ configEntries }] };
  }) as unknown as Watched['describeConfigs'];
}

describe('a look at the topic', () => {
  let broker: Broker;
  let watch: TopicWatch;
  let now = 0;
  beforeEach(() => {
    broker = new Broker();
    watch = new TopicWatch(broker, 'events', 4, { maxBatchBytes: 500, cleanupPolicy: 'delete' });
    now = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('finds nothing wrong with one that is as it was, and learns what it takes', async () => {
    expect(watch.maxBatchBytes).toBe(500);
    await watch.look();
    expect(watch.maxBatchBytes).toBe(1_000);
    broker.settings = { 'cleanup.policy': 'delete', 'max.message.bytes': '300' };
    await watch.look();
    expect(watch.maxBatchBytes).toBe(300);
  });

  it.each([
    ['more partitions', 6, /found 6 partitions; allowed are 4: .*LOG_PARTITIONS/],
    ['fewer partitions', 3, /found 3 partitions; allowed are 4: it was deleted or made anew/],
  ])('refuses one with %s', async (_, partitions, message) => {
    broker.partitions = partitions;
    await expect(watch.look()).rejects.toMatchObject({ code: 'corrupt', message: expect.stringMatching(message) });
  });

  it.each(['compact', 'compact,delete'])('refuses one with cleanup.policy %s, until it is set back', async (policy) => {
    broker.settings = { ...broker.settings, 'cleanup.policy': policy };
    const message = expect.stringMatching(new RegExp(`found cleanup.policy ${policy}; allowed is delete`));
    await expect(watch.look()).rejects.toMatchObject({ code: 'corrupt', message });
    broker.settings = { ...broker.settings, 'cleanup.policy': 'delete' };
    await watch.look();
  });

  it('takes one for deleted only when no broker has known it for 3 seconds', async () => {
    broker.partitions = protocolError('UNKNOWN_TOPIC_OR_PARTITION');
    await expect(watch.look()).rejects.toMatchObject({ code: 'unavailable' });
    now += 2_999;
    await expect(watch.look()).rejects.toMatchObject({ code: 'unavailable' });
    now += 1;
    await expect(watch.look()).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringMatching(/found no such topic/),
    });
  });

  it('counts these seconds anew when it was known meanwhile', async () => {
    for (const partitions of [protocolError('UNKNOWN_TOPIC_OR_PARTITION'), 4]) {
      broker.partitions = partitions;
      await watch.look().catch(() => {});
      now += 2_000;
    }
    broker.partitions = protocolError('UNKNOWN_TOPIC_OR_PARTITION');
    await expect(watch.look()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('says that rights are gone as what no waiting mends, and that a broker is away as what it does', async () => {
    broker.partitions = protocolError('Not authorized to access topics: [Topic authorization failed]');
    await expect(watch.look()).rejects.toMatchObject({ code: 'configuration-invalid' });
    broker.partitions = new Error('connect ECONNREFUSED');
    await expect(watch.look()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
