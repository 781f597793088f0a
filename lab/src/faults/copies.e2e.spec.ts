import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventInput } from '@tandem/shared';
import { FaultScene } from '../testing/fault-scene.js';
import type { MetricAnswer } from '../testing/tandem-client.js';

const SEED = 20_261_125;
const BATCHES = 60;
const NEW_PER_BATCH = 5;
const COPIES_PER_BATCH = 10;
const AMOUNT = 10;

/** One order line of a customer who was filled in later, or erased, or is somebody else. */
function orderLine(id: string, country: string, customer: number | null): EventInput {
  return {
    type: 'order_placed',
    event_id: id,
    occurred_at: '2026-02-01T08:15:00.000Z',
    order_id: id,
    customer_id: customer === null ? null : `customer-${customer}`,
    category: 'copies',
    amount: String(AMOUNT),
    country,
  };
}

describe('Copies of an event that name another customer, and so lie in other partitions,', () => {
  let scene: FaultScene;

  beforeAll(async () => {
    scene = await FaultScene.open(SEED);
    await scene.start();
  }, 180_000);
  afterAll(() => scene.close());

  const revenueOf = async (country: string): Promise<MetricAnswer> =>
    scene.client.answer(`/metrics/revenue?country=${country}`);

  it('count once at once, after a run, after a rollback and after a restart', async () => {
    const customers = [null, 777, 778, 779, 780];
    await scene.client.ingest(customers.map((customer) => orderLine('once', 'ONCE', customer)));
    const expectOnce = async () => {
      await scene.client.untilCaughtUp();
      const { merged, approximate, status } = await revenueOf('ONCE');
      expect(merged).toMatchObject({ gross: AMOUNT, line_items: 1, orders: 1 });
      expect([approximate, status]).toEqual([{}, 'complete']);
    };
    await expectOnce();
    await scene.client.publish();
    await expectOnce();
    await scene.client.ingest(customers.map((customer) => orderLine('once', 'ONCE', customer)));
    await expectOnce();
    await scene.client.publish();
    await scene.client.post('/batch/rollback');
    await expectOnce();
    await scene.kill();
    await scene.start();
    await expectOnce();
    const { closed } = await scene.client.body<{ closed: { causes: { duplicates_missed: number } } | null }>(
      '/compare/revenue',
    );
    expect(closed?.causes.duplicates_missed ?? 0).toBe(0);
  }, 120_000);

  it('never count twice, and never vanish, in any answer while runs follow each other', async () => {
    const wrong: string[] = [];
    let [acknowledged, sent, isOver] = [0, 0, false];
    const watching = (async () => {
      while (!isOver) {
        const least = acknowledged;
        await scene.client.untilCaughtUp();
        const { merged, boundary } = await revenueOf('MANY');
        const gross = Number(merged['gross'] ?? 0) / AMOUNT;
        if (gross < least || gross > sent) wrong.push(`run ${boundary.run}: ${gross} of ${least} to ${sent}`);
      }
    })();
    const running = (async () => {
      while (!isOver) await scene.client.publish();
    })();
    for (let batch = 0; batch < BATCHES; batch++) {
      const fresh = Array.from({ length: NEW_PER_BATCH }, () => `many-${sent++}`);
      const copied = Array.from({ length: COPIES_PER_BATCH }, () => `many-${scene.random.below(sent)}`);
      const lines = [...fresh, ...copied].map((id) => orderLine(id, 'MANY', scene.random.below(1_000)));
      await scene.client.ingest(lines);
      acknowledged = sent;
    }
    isOver = true;
    await Promise.all([watching, running]);
    expect(wrong).toEqual([]);
    await scene.client.untilCaughtUp();
    expect((await revenueOf('MANY')).merged).toMatchObject({ gross: sent * AMOUNT, line_items: sent, orders: sent });
  }, 180_000);
});
