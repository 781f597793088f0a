import { afterEach, describe, expect, it } from '@jest/globals';
import type { Refusal } from '@tandem/shared';
import { EventSender } from './event-sender.js';
import { acceptAll, type EventsServer, startEventsServer } from './testing/events-server.js';

let server: EventsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function senderTo(reply: Parameters<typeof startEventsServer>[0], options: object = {}) {
  server = await startEventsServer(reply);
  const refused: [number | undefined, Refusal][] = [];
  const settings = { url: new URL(server.url), linesPerRequest: 10, requestsInFlight: 2, firstDelayMs: 1, ...options };
  return { refused, sender: new EventSender<number>(settings, (origin, refusal) => refused.push([origin, refusal])) };
}

async function sendAll(sender: EventSender<number>, lines: number): Promise<void> {
  for (let line = 0; line < lines; line++) {
    sender.add(String(line), line);
    await sender.ready();
  }
  await sender.finish();
}

describe('an event sender', () => {
  it('sends every line once, in requests of the size set', async () => {
    const { sender } = await senderTo(acceptAll);
    await sendAll(sender, 95);
    expect(server?.accepted.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 95 }, (_, line) => line));
    expect(server?.posted.map(({ lines }) => lines.length).sort()).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    expect(sender.totals).toEqual({ sent: 95, answered: 95, accepted: 95 });
  });

  it('names what was refused by what was added with it', async () => {
    const { sender, refused } = await senderTo(({ lines }) => {
      const refusals = lines[0] === '10' ? [{ index: 3, path: 'amount', reason: 'no' }] : [];
      return { status: 202, body: { accepted: lines.length - refusals.length, refused: refusals } };
    });
    await sendAll(sender, 30);
    expect(refused).toEqual([[13, { path: 'amount', reason: 'no' }]]);
    expect(sender.totals).toEqual({ sent: 30, answered: 30, accepted: 29 });
  });

  it('gives up after the attempts set, and sends nothing more', async () => {
    const { sender } = await senderTo(() => ({ status: 503, body: {} }), { attempts: 3 });
    await expect(sendAll(sender, 1000)).rejects.toThrow(/found HTTP 503/);
    expect(server?.posted.length).toBeLessThanOrEqual(6);
    await expect(sender.finish()).rejects.toThrow(/found HTTP 503/);
  });

  it('does not try again what trying again cannot mend', async () => {
    const { sender } = await senderTo(() => ({ status: 413, body: { detail: 'too large' } }));
    await expect(sendAll(sender, 10)).rejects.toThrow(/found HTTP 413/);
    expect(server?.posted).toHaveLength(1);
  });
});
