import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, partitionOf } from '@tandem/shared';
import { askService } from './ask-service.js';

/** How many of the events that were sent the service had already: from `min` to `max` (both inclusive). */
export type Copies = { readonly min: number; readonly max: number } | { readonly unknown: string };

/** What the speed layer's account says of one partition. */
type Line = { readonly from: number; readonly read: number; readonly duplicate: number };

const LONGEST_WAIT_MS = 5_000;
const POLL_MS = 50;

/**
 * Counts copies among events that are sent, by the account that the service keeps of the records it reads (GET /ledger):
 * once before the first is sent and once after the last was read. What others write meanwhile is in it too; where they
 * do, the count is known within bounds.
 */
export class CopyCount {
  readonly #url: URL;
  readonly #before: readonly Line[] | { readonly unknown: string };
  readonly #sent: number[];

  private constructor(url: URL, before: readonly Line[] | { readonly unknown: string }) {
    this.#url = url;
    this.#before = before;
    this.#sent = 'unknown' in before ? [] : before.map(() => 0);
  }

  /** To be called before anything is sent. Never throws: what hinders it is what `end` says. */
  static async begin(url: URL): Promise<CopyCount> {
    return new CopyCount(url, await readLines(url));
  }

  /** Notes an event that is sent, by the key that picks its partition. */
  add(key: string): void {
    const { length } = this.#sent;
    if (length === 0) return;
    const partition = partitionOf(key, length);
    this.#sent[partition] = (this.#sent[partition] ?? 0) + 1;
  }

  /** To be called when all that was sent has been acknowledged. Never throws. */
  async end(): Promise<Copies> {
    const before = this.#before;
    if ('unknown' in before) return before;
    const waited = await untilRead(this.#url);
    if (waited) return waited;
    const after = await readLines(this.#url);
    if ('unknown' in after) return after;
    const isSameStretch = before.every(({ from }, partition) => from === after[partition]?.from);
    if (!isSameStretch) return { unknown: 'a batch run was published meanwhile; import again to see' };
    return boundsOf(before, after, this.#sent);
  }
}

/** A partition's copies are ours but for as many as others wrote there, and no more than we wrote there. */
function boundsOf(before: readonly Line[], after: readonly Line[], sent: readonly number[]): Copies {
  let [min, max] = [0, 0];
  for (const [partition, ours] of sent.entries()) {
    const read = gained(before, after, partition, 'read');
    const copies = gained(before, after, partition, 'duplicate');
    if (read < ours) return { unknown: 'the service has read fewer records than were sent' };
    min += Math.max(0, copies - (read - ours));
    max += Math.min(copies, ours);
  }
  return { min, max };
}

function gained(before: readonly Line[], after: readonly Line[], partition: number, key: 'read' | 'duplicate'): number {
  return (after[partition]?.[key] ?? 0) - (before[partition]?.[key] ?? 0);
}

/** Waits until the speed layer has read all of the log; says why that cannot be seen. */
async function untilRead(url: URL): Promise<{ readonly unknown: string } | undefined> {
  const deadlineMs = performance.now() + LONGEST_WAIT_MS;
  try {
    const { metrics } = (await askService(url, 'metrics')) as { metrics: readonly { name: string }[] };
    for (;;) {
      const answer = (await askService(url, `metrics/${metrics[0]?.name}?layer=speed`)) as {
        freshness: { speed_lag_events: number | null };
      };
      if (answer.freshness.speed_lag_events === 0) return undefined;
      if (performance.now() > deadlineMs) return { unknown: 'the service has not read all of it yet' };
      await sleep(POLL_MS);
    }
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

async function readLines(url: URL): Promise<readonly Line[] | { readonly unknown: string }> {
  try {
    const { speed } = (await askService(url, 'ledger')) as {
      speed: { cold: string | null; partitions: readonly Line[] };
    };
    if (speed.cold !== null) return { unknown: `the speed layer does not know yet: ${speed.cold}` };
    return speed.partitions;
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}
