import { setTimeout as sleep } from 'node:timers/promises';
import { type EventInput, messageOf } from '@tandem/shared';
import { postEvents } from '../producer/post-events.js';
import { disorder } from './disorder.js';
import { eventLine } from './event-line.js';
import { shopEvents } from './shop-events.js';

export type DemoShopOptions = {
  /** Where Tandem answers. */
  readonly url: string | URL;
  /** On average; 0 means that the shop stays closed. */
  readonly eventsPerSecond: number;
  readonly token?: string | undefined;
  /** Closes the shop. */
  readonly signal: AbortSignal;
  /** Any safe integer; the time of opening by default, so that every opening has orders and tickets of its own. */
  readonly seed?: number;
  /** Told when events could not be sent; the shop goes on. */
  readonly onTrouble?: (message: string) => void;
};

const MS_BETWEEN_REQUESTS = 250;
const DUPLICATES = 0.01;
const LATE = 0.02;
const MAX_EVENTS_PER_REQUEST = 10_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Keeps a small shop open: posts events of the present moment until the signal; some twice, some late. Resolves when
 * closed. What cannot be sent after some attempts is dropped, with growing pauses: a demo must not fall over.
 */
export async function start(options: DemoShopOptions): Promise<void> {
  const { eventsPerSecond, signal, onTrouble } = options;
  if (eventsPerSecond <= 0) return;
  const destination = { url: new URL(options.url), token: options.token, signal, attempts: 3 };
  const events = openShop(options.seed ?? Date.now());
  let failures = 0;
  let owed = 0;
  let lastMs = performance.now();
  while (!signal.aborted) {
    await pause(MS_BETWEEN_REQUESTS, signal);
    const nowMs = performance.now();
    owed = Math.min(MAX_EVENTS_PER_REQUEST, owed + ((nowMs - lastMs) / 1000) * eventsPerSecond);
    lastMs = nowMs;
    const lines = takeLines(events, Math.floor(owed));
    owed -= lines.length;
    if (lines.length === 0 || signal.aborted) continue;
    try {
      await postEvents(lines, destination);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      onTrouble?.(messageOf(error));
      await pause(Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures++), signal);
      lastMs = performance.now();
    }
  }
}

function openShop(seed: number) {
  return disorder(shopEvents({ seed, nextTimeMs: () => Date.now() }), { seed, duplicates: DUPLICATES, late: LATE });
}

function takeLines(events: Iterator<EventInput>, count: number): readonly string[] {
  return Array.from({ length: count }, () => eventLine(events.next().value));
}

/** Ends early, without an error, when the signal comes. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
