import { TandemError } from '@tandem/shared';
import { postNdjson } from './house.js';
import { startPaced } from './pace.js';

const REQUESTS_PER_SECOND = 50;

export type Ingest = {
  /** Events that were acknowledged so far. */
  readonly acknowledged: () => number;
  /** Waits for the acknowledgements under way. Throws when a request failed or an event was refused. */
  stop(): Promise<void>;
};

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

/** Posts new order lines at a steady rate until stopped, 50 requests a second. */
export function startIngest(url: string, eventsPerSecond: number): Ingest {
  const perRequest = Math.ceil(eventsPerSecond / REQUESTS_PER_SECOND);
  let acknowledged = 0;
  const { stop } = startPaced(REQUESTS_PER_SECOND, async () => {
    const lines = Array.from({ length: perRequest }, (_, index) => makeEvent(index % 2 === 0 ? 'books' : 'garden'));
    const { accepted } = await postNdjson(url, `${lines.join('\n')}\n`);
    if (accepted !== perRequest)
      throw new TandemError('internal', `found ${accepted} of ${perRequest} posted events accepted`);
    acknowledged += accepted;
  });
  return { acknowledged: () => acknowledged, stop };
}
