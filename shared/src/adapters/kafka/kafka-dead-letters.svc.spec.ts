import { describe, expect, it } from '@jest/globals';
import type { DeadLetters } from '../../ports/dead-letters.js';
import { testKafkaBrokers } from '../../testing/config.js';
import { describeDeadLetters } from '../../testing/dead-letters.contract.js';
import { MemoryDeadLetters } from '../memory/memory-dead-letters.js';
import { deadLetterTopicOf, openKafkaDeadLetters } from './kafka-dead-letters.js';
import { createTestTopic } from './testing/test-topic.js';

async function createSubject(listed: DeadLetters = new MemoryDeadLetters()) {
  const { topic, admin, messagesOf, drop } = await createTestTopic(1);
  const deadLetters = await openKafkaDeadLetters({ brokers: testKafkaBrokers(), topic, listed });
  const sent = async () => {
    const [bounds] = await admin.fetchTopicOffsets(deadLetterTopicOf(topic));
    return Number(bounds?.high);
  };
  const close = async () => {
    await deadLetters.close();
    await drop(deadLetterTopicOf(topic));
  };
  return { topic, deadLetters, sent, messagesOf, close };
}

describeDeadLetters('those in a Kafka topic', () => createSubject());

const letter = { partition: 3, offset: 7, value: Buffer.from([0, 0xff, 0xfe]), path: 'amount', reason: 'found -1' };

describe('dead letters in a Kafka topic', () => {
  it('are records with the bytes as they were, and headers that say where they lay and why', async () => {
    const { topic, deadLetters, messagesOf, close } = await createSubject();
    await deadLetters.put([letter]);
    const found = (await messagesOf(deadLetterTopicOf(topic))).map(({ key, value, headers }) => ({
      key: String(key),
      value,
      headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])),
    }));
    await close();
    const headers = { partition: '3', offset: '7', path: 'amount', reason: 'found -1' };
    expect(found).toEqual([{ key: '3:7', value: letter.value, headers }]);
  });

  it('are not listed when the broker has not taken them, also when they are put again', async () => {
    const { deadLetters, sent, close } = await createSubject();
    // More than the topic allows: there is no log whose records it would have to hold.
    const refused = { ...letter, value: Buffer.alloc(2 * 1024 * 1024) };
    await expect(deadLetters.put([refused])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(deadLetters.put([refused])).rejects.toMatchObject({ code: 'unavailable' });
    expect([await sent(), (await deadLetters.list(1)).total]).toEqual([0, 0]);
    await close();
  });

  it('are not sent again when they could not be listed and are put again, and are listed then', async () => {
    const listed = new MemoryDeadLetters();
    let failures = 1;
    const { deadLetters, sent, close } = await createSubject({
      put: async (letters) => {
        if (failures-- > 0) throw new Error('the list is away');
        await listed.put(letters);
      },
      list: (limit) => listed.list(limit),
      close: () => listed.close(),
    });
    await expect(deadLetters.put([letter])).rejects.toThrow('the list is away');
    await deadLetters.put([letter]);
    expect([await sent(), (await deadLetters.list(1)).total]).toEqual([1, 1]);
    await close();
  });
});
