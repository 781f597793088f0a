import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type House, openHouse, problemOf } from '../../testing/serving-house.js';

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.close());

const current = async () => (await house.json('/batch/runs')).current;

describe('POST /batch/rollback', () => {
  it('goes back once from the run that is named, and tells a second caller which is current', async () => {
    const [first, second] = [(await house.publish()).id, (await house.publish()).id];
    const asked = () => house.post('/batch/rollback', JSON.stringify({ from: second }));
    const statuses = (await Promise.all(Array.from({ length: 8 }, asked))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
    expect(await current()).toBe(first);
    const again = await asked();
    expect([again.status, (await again.json()) as object]).toEqual([
      409,
      expect.objectContaining({ current: first, detail: expect.stringContaining(`found run ${second}`) }),
    ]);
  });

  it.each([
    ['{"from":"1"}', 'from: found "1"; allowed is the number of the run'],
    ['{"from":1.5}', 'from: found 1.5; allowed is'],
    ['{"from":0}', 'from: found 0; allowed is'],
    ['{"from":-1}', 'from: found -1'],
    ['{"from":null}', 'from: found null'],
    ['{"from":[1]}', 'from: found [1]'],
    ['{"from":true}', 'from: found true'],
    ['{"from":1e30}', 'from: found 1e+30'],
    ['{"to":1}', 'found "to"; allowed are from'],
    ['[]', 'body: found []'],
    ['7', 'body: found 7'],
  ])('with the body %s is refused with what was found and what is allowed, and changes nothing', async (body, said) => {
    const before = await current();
    const response = await house.post('/batch/rollback', body);
    expect([response.status, (await problemOf(response)).detail]).toEqual([400, expect.stringContaining(said)]);
    expect(await current()).toBe(before);
  });

  it('without a body goes back from whatever is current', async () => {
    await house.publish();
    const before = await current();
    const response = await house.get('/batch/rollback', { method: 'POST' });
    expect(response.status).toBe(200);
    expect(await current()).toBeLessThan(before);
  });
});
