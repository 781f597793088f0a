import { TandemError } from '@tandem/shared';
import { postNdjson } from './house.js';
import { startPaced } from './pace.js';

const REQUESTS_PER_SECOND = 50;

export type Ingest = {
  /** Events that were acknowledged so far. */
  readonly acknowledged: () => number;
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

/**
 * Does the work while new order lines are posted at a steady rate, 50 requests a second; waits for the acknowledgements
 * under way. Throws when a request failed or an event was refused, whatever the work says: it had less beside it.
 */
export async function whileIngesting<Result>(
  url: string,
  eventsPerSecond: number,
  work: (ingest: Ingest) => Promise<Result>,
): Promise<Result> {
  const perRequest = Math.ceil(eventsPerSecond / REQUESTS_PER_SECOND);
  let acknowledged = 0;
  const posting = startPaced(REQUESTS_PER_SECOND, async () => {
    const lines = Array.from({ length: perRequest }, (_, index) => makeEvent(index % 2 === 0 ? 'books' : 'garden'));
    const { accepted } = await postNdjson(url, `${lines.join('\n')}\n`);
    if (accepted !== perRequest)
      throw new TandemError('internal', `found ${accepted} of ${perRequest} posted events accepted`);
    acknowledged += accepted;
  });
  try {
    return await work({ acknowledged: () => acknowledged });
  } finally {
    await posting.stop();
  }
}
