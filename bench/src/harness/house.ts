import { createReadStream, existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { newDataFolder, removeDataFolder, startTandem, type TandemProcess } from '@tandem/lab/testing/tandem-process';
import { type RunMode, TandemError } from '@tandem/shared';
import type { Workplace } from './workplace.js';

/** Where a Tandem answers. */
export type FrontDoor = { readonly url: string };

/** A whole Tandem in a process of its own, as `npm start` makes it, but without demo shop and schedule. */
export type House = FrontDoor & {
  /** Stops it; its data stay. Idempotent. */
  stop(): Promise<void>;
  /** Stops it and removes its data. Idempotent. */
  leave(): Promise<void>;
};

const POLL_MS = 50;
const LONGEST_STANDSTILL_MS = 60_000;

/** The flag with which package.json starts Tandem. */
const AS_NPM_START = { NODE_OPTIONS: '--max-semi-space-size=64' };

export async function openHouse(place: Workplace, dataFolder?: string): Promise<House> {
  const folder = dataFolder ?? (await newDataFolder());
  const tandem: TandemProcess = await startTandem({ dataFolder: folder, settings: AS_NPM_START });
  const stop = once(async () => void (await tandem.stop()));
  const leave = once(async () => {
    await stop();
    // Another house on the same folder may have left already.
    if (existsSync(folder)) await removeDataFolder(folder);
  });
  place.atEnd(leave);
  return { url: tandem.url, stop, leave };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** Posts a file of NDJSON as one stream. Throws when any line is refused. */
export async function postFile({ url }: FrontDoor, file: string): Promise<void> {
  const answer = await postNdjson(url, createReadStream(file, { highWaterMark: 1 << 18 }));
  if (answer.refused.length > 0)
    throw new TandemError('internal', `found refused events, the first: ${JSON.stringify(answer.refused[0])}`);
}

export async function postNdjson(url: string, body: AsyncIterable<Uint8Array> | string) {
  const request: RequestInit & { duplex: 'half' } = {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: body as NonNullable<RequestInit['body']>,
    duplex: 'half',
  };
  const response = await fetch(`${url}/events`, request);
  if (response.status !== 202)
    throw new TandemError('internal', `POST /events: ${response.status} ${await response.text()}`);
  return (await response.json()) as { readonly accepted: number; readonly refused: readonly unknown[] };
}

export async function getJson<Answer>(url: string): Promise<Answer> {
  const response = await fetch(url);
  if (response.status !== 200)
    throw new TandemError('internal', `GET ${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}

type Run = { readonly state: string; readonly error: unknown };

/** Asks for a run and waits until it is published. */
export async function askForRun({ url }: FrontDoor, mode: RunMode): Promise<void> {
  const response = await fetch(`${url}/batch/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mode }),
  });
  const { id } = (await response.json()) as { readonly id: number };
  for (;;) {
    const run = await getJson<Run>(`${url}/batch/runs/${id}`);
    if (run.state === 'published') return;
    if (run.state === 'failed') throw new TandemError('internal', `run ${id} failed: ${JSON.stringify(run.error)}`);
    await sleep(POLL_MS);
  }
}

/** Full runs, one after the other, from before the work to after it; `runs` of them began before it was done. */
export async function whileBatchRuns<Result>(house: FrontDoor, work: () => Promise<Result>) {
  let isDone = false;
  let runs = 0;
  const running = (async () => {
    for (; !isDone; runs++) await askForRun(house, 'full');
  })();
  // Who waits for it below may still be at work when it fails.
  running.catch(() => {});
  try {
    return { result: await work(), runs: runs + 1 };
  } finally {
    isDone = true;
    await running;
  }
}

/** Waits until the speed layer has applied everything that is in the log. Throws when it has stood still for a minute. */
export async function untilCaughtUp({ url }: FrontDoor): Promise<void> {
  type Answer = { readonly freshness?: { readonly speed_lag_events: number | null } };
  let leastLag = Number.POSITIVE_INFINITY;
  for (let deadline = performance.now() + LONGEST_STANDSTILL_MS; ; await sleep(POLL_MS)) {
    const response = await fetch(`${url}/metrics/revenue?layer=speed`);
    const { freshness } = (await response.json()) as Answer;
    const lag = freshness?.speed_lag_events ?? Number.POSITIVE_INFINITY;
    if (response.status === 200 && lag === 0) return;
    if (lag < leastLag) deadline = performance.now() + LONGEST_STANDSTILL_MS;
    leastLag = Math.min(lag, leastLag);
    if (performance.now() > deadline)
      throw new TandemError('internal', `found ${leastLag} records to apply, and no fewer for a minute`);
  }
}
