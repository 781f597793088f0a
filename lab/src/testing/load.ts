import { setTimeout as sleep } from 'node:timers/promises';
import { type EventInput, identityOf, type Offsets, validateEvent } from '@tandem/shared';
import type { Random } from './random.js';
import { sampleEvent } from './sample-events.js';
import type { MetricAnswer, Numbers, TandemClient } from './tandem-client.js';
import { waitFor } from './tandem-process.js';

/** What producers sent to one data folder over the lives of several processes, and what of it was acknowledged. */
export class SentEvents {
  /** The text of every event that was ever sent, by identity: all copies have the same. */
  readonly texts = new Map<string, string>();
  readonly acknowledged = new Set<string>();
  readonly #all: EventInput[] = [];

  get count(): number {
    return this.#all.length;
  }

  add(event: EventInput): void {
    this.#all.push(event);
    this.texts.set(identityOfInput(event), JSON.stringify(event));
  }

  acknowledge(events: readonly EventInput[]): void {
    for (const event of events) this.acknowledged.add(identityOfInput(event));
  }

  /** Any event that was sent before: sending it again makes a duplicate. */
  anyOf(random: Random): EventInput | undefined {
    return this.#all[random.below(this.#all.length)];
  }

  /** Events whose fate is unknown: sent, not acknowledged. */
  unacknowledged(): readonly EventInput[] {
    return this.#all.filter((event) => !this.acknowledged.has(identityOfInput(event)));
  }
}

function identityOfInput(event: EventInput): string {
  const decoded = validateEvent(event);
  if ('refusal' in decoded) throw new Error(`not a valid event: ${JSON.stringify(decoded.refusal)}`);
  return identityOf(decoded.event);
}

/** What a merged answer says, and which records it says it rests on: per partition those below (exclusive). */
export type SeenPrefix = { readonly below: Offsets; readonly merged: Numbers };

/** What readers saw over the lives of several processes. */
export class SeenAnswers {
  /** The batch layer's numbers of each run, as first seen. */
  readonly runs = new Map<number, { readonly offsets: Readonly<Record<string, number>>; readonly batch: Numbers }>();
  readonly faults: string[] = [];
  count = 0;
  #lastRun = 0;
  #lastLines = 0;
  #lastBelow: Offsets = [];
  #prefixes: SeenPrefix[] = [];

  readonly #checked = new Set<number>();

  /** The answers that have been seen since this was asked last. */
  prefixesToCheck(): readonly SeenPrefix[] {
    const fresh = this.#prefixes;
    this.#prefixes = [];
    return fresh;
  }

  /** The runs that have been seen since this was asked last: what a run covers never changes. */
  runsToCheck() {
    const fresh = [...this.runs].filter(([run]) => !this.#checked.has(run));
    for (const [run] of fresh) this.#checked.add(run);
    return fresh;
  }

  /** Notes an answer that came after every answer noted before. */
  add({ boundary, batch, speed, merged, explain }: MetricAnswer): void {
    this.count++;
    const below = explain?.speed.map(({ boundary, records }) => boundary + records.read) ?? [];
    this.#prefixes.push({ below, merged });
    if (this.#lastBelow.some((last, partition) => (below[partition] ?? 0) < last)) {
      this.faults.push(`an answer from records below ${below} was seen after one from those below ${this.#lastBelow}`);
    }
    this.#lastBelow = below;
    const known = this.runs.get(boundary.run);
    if (!known) this.runs.set(boundary.run, { offsets: boundary.offsets, batch });
    else if (JSON.stringify(known) !== JSON.stringify({ offsets: boundary.offsets, batch })) {
      this.faults.push(`run ${boundary.run} was seen in two versions`);
    }
    if (boundary.run < this.#lastRun) this.faults.push(`run ${boundary.run} was seen after run ${this.#lastRun}`);
    const lines = merged['line_items'] ?? 0;
    if (lines < this.#lastLines) this.faults.push(`${lines} merged line items were seen after ${this.#lastLines}`);
    if (lines !== (batch['line_items'] ?? 0) + (speed['line_items'] ?? 0)) {
      this.faults.push(`merged has ${lines} line items, batch ${batch['line_items']} and speed ${speed['line_items']}`);
    }
    this.#lastRun = boundary.run;
    this.#lastLines = lines;
  }
}

export type LoadOptions = {
  readonly client: TandemClient;
  readonly sent: SentEvents;
  readonly seen: SeenAnswers;
  readonly random: Random;
  /** Keeps the ids of two tests apart. */
  readonly prefix: string;
  /** Whether runs are asked for all the time. */
  readonly runs?: boolean;
  /** Between two requests of one client: longer ones keep the log short where a test lasts. */
  readonly pauseMs?: number;
};

const PRODUCERS = 3;
const EVENTS_BEFORE_FAULT = 50;
const MOST_EVENTS_PER_REQUEST = 15;
const COPY_SHARE = 0.2;
const PAUSE_MS = 15;
const PAUSE_BETWEEN_RUNS_MS = 150;

/** Producers, a reader and somebody who asks for runs. They go on until `stop`, or until nothing answers any more. */
export function startLoad(options: LoadOptions): { stop(): Promise<void> } {
  let isStopping = false;
  const goOn = () => !isStopping;
  const working = [
    ...Array.from({ length: PRODUCERS }, () => produce(options, goOn)),
    read(options, goOn),
    ...(options.runs === false ? [] : [askForRuns(options, goOn)]),
  ];
  return {
    stop: async () => {
      isStopping = true;
      await Promise.all(working);
    },
  };
}

/** Lets clients work while `fault` happens, which begins once some of their events have been acknowledged. */
export async function amidLoad(options: LoadOptions, fault: () => Promise<void>): Promise<void> {
  const { acknowledged } = options.sent;
  const enough = acknowledged.size + EVENTS_BEFORE_FAULT;
  const load = startLoad(options);
  try {
    await waitFor(`${EVENTS_BEFORE_FAULT} events more`, () => acknowledged.size >= enough);
    await fault();
  } finally {
    await load.stop();
  }
}

async function produce(
  { client, sent, random, prefix, pauseMs = PAUSE_MS }: LoadOptions,
  goOn: () => boolean,
): Promise<void> {
  while (goOn()) {
    const events = Array.from({ length: 1 + random.below(MOST_EVENTS_PER_REQUEST) }, () =>
      nextEvent(sent, random, prefix),
    );
    const reply = await client.post('/events', events).catch(() => undefined);
    if (!reply) return;
    if (reply.status === 202) sent.acknowledge(events);
    await sleep(pauseMs);
  }
}

function nextEvent(sent: SentEvents, random: Random, prefix: string): EventInput {
  const copy = random.next() < COPY_SHARE ? sent.anyOf(random) : undefined;
  if (copy) return copy;
  const event = sampleEvent(random, prefix, sent.count);
  sent.add(event);
  return event;
}

async function read({ client, seen, pauseMs = PAUSE_MS }: LoadOptions, goOn: () => boolean): Promise<void> {
  while (goOn()) {
    const reply = await client.get('/metrics/revenue?explain=1').catch(() => undefined);
    if (!reply) return;
    if (reply.status === 200) seen.add(reply.body as MetricAnswer);
    else if (reply.status !== 503) seen.faults.push(`found HTTP ${reply.status}: ${reply.text.slice(0, 300)}`);
    await sleep(pauseMs);
  }
}

async function askForRuns({ client, random }: LoadOptions, goOn: () => boolean): Promise<void> {
  while (goOn()) {
    const mode = random.next() < 0.2 ? 'full' : 'incremental';
    if (!(await client.post('/batch/runs', { mode }).catch(() => undefined))) return;
    await sleep(PAUSE_BETWEEN_RUNS_MS);
  }
}
