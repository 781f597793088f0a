import { setTimeout as sleep } from 'node:timers/promises';
import { postNdjson } from './house.js';

const BATCHES_PER_SECOND = 50;
const MS_PER_SECOND = 1_000;

export type Ingest = { readonly posted: () => number; stop(): Promise<void> };

let made = 0;

/** One new order line of now. */
export function makeEvent(category: string): string {
  const number = made++;
  return JSON.stringify({
    type: 'order_placed',
    event_id: `bench-${process.pid}-${number}`,
    occurred_at: new Date().toISOString(),
    order_id: `bench-order-${Math.floor(number / 3)}`,
    customer_id: `c-${(number * 7919) % 50_000}`,
    category,
    amount: `${1 + (number % 99)}.99`,
    country: 'France',
  });
}

/** Posts new events at a steady rate until stopped, 50 requests a second; each waits for its acknowledgement. */
export function startIngest(url: string, eventsPerSecond: number): Ingest {
  let isStopped = false;
  let posted = 0;
  const perBatch = Math.ceil(eventsPerSecond / BATCHES_PER_SECOND);
  const running = (async () => {
    const startMs = performance.now();
    const underWay = new Set<Promise<unknown>>();
    for (let batch = 1; !isStopped; batch++) {
      const lines = Array.from({ length: perBatch }, (_, index) => makeEvent(index % 2 === 0 ? 'books' : 'garden'));
      const posting = postNdjson(url, `${lines.join('\n')}\n`).finally(() => underWay.delete(posting));
      underWay.add(posting);
      posted += perBatch;
      await sleep(Math.max(0, startMs + (batch * MS_PER_SECOND) / BATCHES_PER_SECOND - performance.now()));
    }
    await Promise.all(underWay);
  })();
  return {
    posted: () => posted,
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
}
