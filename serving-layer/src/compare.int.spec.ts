import { afterEach, describe, expect, it } from '@jest/globals';
import type { EventInput } from '@tandem/shared';
import { type House, openHouse, problemOf } from './testing/serving-house.js';

let house: House | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

const order = (id: number, category: string, amount: string, customer = `c-${id}`): EventInput => ({
  type: 'order_placed',
  event_id: `e-${id}`,
  occurred_at: '2026-01-31T08:15:00Z',
  order_id: `o-${id}`,
  customer_id: customer,
  category,
  amount,
  country: 'DE',
});

describe('a comparison', () => {
  it('has no closed stretch before there is a run, and a live one', async () => {
    house = await openHouse();
    await house.postEvents([order(1, 'books', '2.50')]);
    await house.view.applyAll(house.log);
    const { closed, note, live } = await house.json('/compare/revenue');
    expect([closed, typeof note]).toEqual([null, 'string']);
    expect(live.total.speed).toMatchObject({ gross: 2.5, orders: 1, customers: 1, revenue: 2.5 });
    expect(live.records).toBe(1);
  });

  it('sets what speed had said of the last stretch against what batch found', async () => {
    house = await openHouse();
    await house.postEvents([order(1, 'books', '1', 'c-1')]);
    await house.publish();
    await house.postEvents([order(2, 'books', '2', 'c-1'), order(3, 'toys', '4.0001', 'c-3')]);
    await house.publish();
    await house.postEvents([order(4, 'toys', '8')]);
    await house.view.applyAll(house.log);
    const { closed, live } = await house.json('/compare/revenue?group_by=category');
    expect(closed).toMatchObject({ from_run: 1, to_run: 2, records: 2 + 4 });
    expect(
      closed.groups.map(({ category, speed }: { category: string; speed: { gross: number } }) => [
        category,
        speed.gross,
      ]),
    ).toEqual([
      ['books', 2],
      ['toys', 4.0001],
    ]);
    // The customer of the second order was there before: only one is new.
    expect(closed.total.speed).toMatchObject({ gross: 6.0001, orders: 2, customers: 1 });
    expect(closed.total.batch).toEqual(closed.total.speed);
    expect(Object.values(closed.total.drift)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(closed.causes).toEqual({
      duplicates_missed: 0,
      conflicts: 0,
      refused_by_speed: 0,
      lost_by_speed: 0,
      sketch_error: {},
    });
    expect(live.groups).toEqual([
      { category: 'books', speed: expect.objectContaining({ gross: 0 }) },
      { category: 'toys', speed: expect.objectContaining({ gross: 8 }) },
    ]);
  });

  it('counts the duplicates that speed missed, shows them as drift, and says that it did not see all partitions', async () => {
    house = await openHouse();
    house.view.seesAll = false;
    const event = order(1, 'books', '5', 'c-1');
    // These copies are below the stretch: they are none of its causes.
    await house.postEvents([order(9, 'toys', '1'), order(9, 'toys', '1'), order(9, 'toys', '1')]);
    await house.publish();
    await house.postEvents([event]);
    // Another worker reads the partition of the copy.
    const at = (await house.records()).find(({ value }) => String(value).includes('e-1'))?.partition ?? 0;
    house.log.appendForeign((at + 1) % 4, [Buffer.from(JSON.stringify(event))]);
    await house.publish();
    await house.view.applyAll(house.log);
    const { closed } = await house.json('/compare/revenue?category=books');
    expect(closed.total).toMatchObject({
      speed: { gross: 10, orders: 1 },
      batch: { gross: 5, orders: 1 },
      drift: { gross: 5, orders: 0 },
    });
    expect(closed.causes).toMatchObject({ duplicates_missed: 1, sketch_error: {} });
    expect([closed.speed_unchecked, closed.approximate.gross]).toEqual([2, null]);
  });

  it('is of answers that have no bound while some events were compared with a part of the partitions only', async () => {
    house = await openHouse();
    house.view.seesAll = false;
    await house.postEvents([order(1, 'books', '5')]);
    await house.view.applyAll(house.log);
    const names = ['gross', 'refunds', 'line_items', 'orders', 'customers', 'revenue', 'average_order_value'];
    const unbounded = Object.fromEntries(names.map((name) => [name, null]));
    for (const layer of ['', '?layer=speed', '?layer=merged'])
      expect((await house.json(`/metrics/revenue${layer}`)).approximate).toEqual(unbounded);
    expect((await house.json('/metrics/revenue?layer=batch')).approximate).toEqual({});
    await house.publish();
    await house.view.applyAll(house.log);
    expect((await house.json('/metrics/revenue')).approximate).toEqual({});
  });

  it('gives 503 when the segments of the stretch were dropped, and never zeros', async () => {
    house = await openHouse();
    await house.postEvents([order(1, 'books', '1')]);
    const { boundary } = await house.publish();
    await house.view.begin(boundary);
    await house.view.applyAll(house.log);
    expect((await house.get('/metrics/revenue')).status).toBe(200);
    const response = await house.get('/compare/revenue');
    expect(response.status).toBe(503);
    expect((await problemOf(response)).reason).toContain('no segment that starts at the boundary');
  });

  it('gives 503 when speed has not come to the end of the stretch', async () => {
    house = await openHouse();
    await house.postEvents([
      order(1, 'books', '1'),
      order(2, 'books', '1'),
      order(3, 'books', '1'),
      order(4, 'books', '1'),
    ]);
    const applied = await house.log.endOffsets();
    await house.postEvents(Array.from({ length: 30 }, (_, id) => order(100 + id, 'books', '1')));
    await house.publish();
    await house.view.applyAll(house.log, applied);
    const response = await house.get('/compare/revenue');
    expect([response.status, (await problemOf(response)).reason]).toEqual([
      503,
      expect.stringContaining('does not cover the stretch'),
    ]);
  });

  it('as CSV has a row per group and one for the total, of both stretches', async () => {
    house = await openHouse();
    await house.postEvents([order(1, 'books', '1.5')]);
    await house.publish();
    await house.view.applyAll(house.log);
    const lines = (await (await house.get('/compare/revenue?group_by=category&format=csv')).text())
      .trim()
      .split('\r\n');
    expect(lines[0]?.startsWith('stretch,row,category,speed_gross,batch_gross,drift_gross')).toBe(true);
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 6).join(','))).toEqual([
      '"closed","group","books",1.5,1.5,0',
      '"closed","total",,1.5,1.5,0',
      '"live","group","books",0,,',
      '"live","total",,0,,',
    ]);
  });
});

describe('the ledger', () => {
  it('accounts for every record of both layers', async () => {
    house = await openHouse();
    await house.postEvents([order(1, 'books', '1'), order(1, 'books', '1'), order(2, 'toys', '1')]);
    house.log.appendForeign(0, [Buffer.from('nonsense'), null]);
    await house.publish();
    house.log.appendForeign(1, [Buffer.from('{}')]);
    await house.publish();
    await house.view.applyAll(house.log);
    const { balanced, batch, speed } = await house.json('/ledger');
    expect(balanced).toBe(true);
    const sum = (lines: readonly Record<string, number>[], key: string) =>
      lines.reduce((total, line) => total + (line[key] ?? 0), 0);
    const keys = ['read', 'folded', 'duplicate', 'invalid', 'barriers', 'off_by'];
    expect(keys.map((key) => sum(batch.partitions, key))).toEqual([10, 2, 1, 3, 4, 0]);
    expect(keys.map((key) => sum(speed.partitions, key))).toEqual([14, 2, 1, 3, 8, 0]);
  });

  it('is not balanced when a day lost a record', async () => {
    house = await openHouse();
    await house.postEvents([order(1, 'books', '1')]);
    await house.publish();
    await house.database.query('UPDATE tandem.day_tally SET folded = folded - 1');
    const { balanced, batch } = await house.json('/ledger');
    expect(balanced).toBe(false);
    expect(batch.partitions.map(({ off_by }: { off_by: number }) => off_by).sort()).toEqual([0, 0, 0, 1]);
  });
});
