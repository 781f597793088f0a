import { expect, it } from '@jest/globals';
import kafkajs, { type Admin } from 'kafkajs';
import { ensureTopic } from './topic.js';

const SETTINGS = { topic: 'events', partitions: 3, retentionMs: -1, replicas: -1 };

function protocolError(type: string): Error {
  const message = 'This server does not host this topic-partition';
  return new kafkajs.KafkaJSProtocolError(Object.assign(new Error(message), { type, code: 3, retriable: true }));
}

/** A broker that makes the topic, and then answers so many questions about it with the error. */
function anAdmin(error: Error, failures: number): Pick<Admin, keyof Admin> {
  let [isMade, left] = [false, failures];
  const failing = <Result>(result: Result) => (left-- > 0 ? Promise.reject(error) : Promise.resolve(result));
  const admin: Partial<Admin> = {
    listTopics: async () => (isMade ? ['events'] : []),
    createTopics: async () => {
      isMade = true;
      return failing(true);
    },
    fetchTopicMetadata: (() => failing({ topics: [{ name: 'events', partitions: [{}, {}, {}] }] })) as never,
    describeConfigs: (() =>
      failing({ resources: [{ configEntries: [{ configName: 'max.message.bytes', configValue: '7' }] }] })) as never,
  };
  return admin as Admin;
}

it('makes a topic also when the broker does not know it for a moment after', async () => {
  const admin = anAdmin(protocolError('UNKNOWN_TOPIC_OR_PARTITION'), 3);
  expect(await ensureTopic(admin, SETTINGS)).toEqual({ maxBatchBytes: 7, cleanupPolicy: 'delete' });
});

it('passes on at once what trying again does not mend', async () => {
  const admin = anAdmin(protocolError('TOPIC_AUTHORIZATION_FAILED'), 1);
  await expect(ensureTopic(admin, SETTINGS)).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
});
