import { once } from 'node:events';
import { request } from 'node:http';
import { expect, it } from '@jest/globals';
import { overriding } from './testing/overriding.js';
import { openHouse } from './testing/serving-house.js';

const EVENT = JSON.stringify({
  type: 'ticket_opened',
  event_id: 'e-1',
  occurred_at: '2026-01-31T08:15:00Z',
  ticket_id: 't-1',
  customer_id: null,
  priority: 'high',
});

it('a serving layer that is told to stop answers what is under way, and nobody after that', async () => {
  let [isAsked, goOn] = [() => {}, () => {}];
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const slow = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const append = async () => {
    isAsked();
    await slow;
  };
  const house = await openHouse({ wrapLog: (log) => overriding(log, { append }) });
  const answered = house.post('/events', EVENT);
  await asked;
  const closed = house.close();
  goOn();
  expect((await answered).status).toBe(202);
  await closed;
  await expect(house.get('/health')).rejects.toThrow();
});

it('a serving layer that is told to stop does not wait for ever for a caller who never ends', async () => {
  const house = await openHouse({ environment: { IDLE_TIMEOUT_MS: '60000' } });
  const headers = { 'Content-Type': 'application/x-ndjson', Expect: '100-continue' };
  const endless = request(`${house.url}/events`, { method: 'POST', headers });
  const cutOff = expect(once(endless, 'response')).rejects.toThrow('socket hang up');
  endless.flushHeaders();
  await once(endless, 'continue');
  endless.write(`${EVENT}\n`);
  await house.close();
  await cutOff;
});
