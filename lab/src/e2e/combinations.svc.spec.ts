import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { testKafkaBrokers, testRedisUrl } from '@tandem/shared/testing/config';
import { createTestDatabase } from '@tandem/shared/testing/test-database';
import { TandemClient } from '../testing/tandem-client.js';
import { newDataFolder, removeDataFolder, startTandem } from '../testing/tandem-process.js';

const PARTS = ['KAFKA_BROKERS', 'POSTGRES_URL', 'REDIS_URL'] as const;
/** Every way to choose which of the three are real. */
const COMBINATIONS = Array.from({ length: 8 }, (_, bits) => PARTS.filter((_part, index) => bits & (1 << index)));

function anOrder(number: number) {
  return {
    type: 'order_placed',
    event_id: `e-${number}`,
    occurred_at: '2026-01-31T08:15:00.000Z',
    order_id: `o-${number}`,
    customer_id: `c-${number % 7}`,
    category: 'books',
    amount: '12.5',
    country: 'DE',
  };
}

describe('Tandem in one process', () => {
  it.each(COMBINATIONS)(
    'gives right answers before and after a run and a restart with %p %p %p real',
    async (...real) => {
      const database = await createTestDatabase();
      const dataFolder = await newDataFolder();
      const all: Record<string, string> = {
        KAFKA_BROKERS: testKafkaBrokers().join(','),
        POSTGRES_URL: database.url,
        REDIS_URL: testRedisUrl(),
      };
      const chosen = Object.fromEntries(real.map((name) => [name, all[name] ?? '']));
      const settings = { ...chosen, KAFKA_TOPIC: `combination.${randomUUID()}` };
      try {
        const first = await startTandem({ dataFolder, settings });
        const client = new TandemClient(first.url);
        await client.ingest(Array.from({ length: 50 }, (_, number) => anOrder(number)));
        await client.ingest([anOrder(0), anOrder(1)]);
        await client.untilCaughtUp();
        const expected = { line_items: 50, gross: 625, customers: 7 };
        expect((await client.answer('/metrics/revenue')).merged).toMatchObject(expected);
        await client.publish();
        expect((await client.answer('/metrics/revenue')).batch).toMatchObject(expected);
        expect(await first.stop()).toMatchObject({ code: 0 });
        const second = await startTandem({ dataFolder, settings });
        const again = new TandemClient(second.url);
        await again.ingest([anOrder(50), anOrder(2)]);
        await again.untilCaughtUp();
        expect((await again.answer('/metrics/revenue')).merged).toMatchObject({ line_items: 51, gross: 637.5 });
        expect(await second.stop()).toMatchObject({ code: 0 });
      } finally {
        await removeDataFolder(dataFolder);
        await database.drop();
      }
    },
    90_000,
  );
});
