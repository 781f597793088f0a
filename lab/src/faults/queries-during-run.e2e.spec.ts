import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EventInput, partitionOf } from '@tandem/shared';
import { randomFrom } from '../testing/random.js';
import { type MetricAnswer, type Numbers, TandemClient, tenThousandthsOf } from '../testing/tandem-client.js';
import { newDataFolder, removeDataFolder, startTandem, type TandemProcess } from '../testing/tandem-process.js';

const SEED = 20_260_103;
const PARTITIONS = 4;
const RUNS = 6;
const READERS = 3;
const NAMES = ['gross', 'refunds', 'line_items', 'orders', 'customers'] as const;

/** Each customer's events lie in one partition, in the order sent, and have a country of their own: so each group is a prefix. */
const CUSTOMERS = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let number = 0; ; number++) {
    const customer = `c${number}`;
    if (partitionOf(customer, PARTITIONS) === partition) return customer;
  }
});

type Group = { readonly country: string } & Readonly<Record<'merged' | 'batch' | 'speed', Numbers>>;
type GroupedAnswer = Pick<MetricAnswer, 'boundary'> & { readonly groups: readonly Group[] };

/** What must be answered after the first n events of a country, for every n, by how it reads. */
class Prefixes {
  readonly #lengths = new Map<string, number>();
  readonly #orders = new Set<string>();
  #gross = 0n;
  #refunds = 0n;
  #lines = 0;
  #length = 0;

  constructor() {
    this.#note();
  }

  add(event: Extract<EventInput, { order_id: string }>): void {
    const amount = tenThousandthsOf(Number(event.amount));
    if (event.type === 'order_refunded') this.#refunds += amount;
    else {
      this.#gross += amount;
      this.#lines++;
      this.#orders.add(event.order_id);
    }
    this.#length++;
    this.#note();
  }

  /** How many events these numbers are the fold of; undefined when of no prefix. */
  lengthOf(numbers: Numbers): number | undefined {
    return this.#lengths.get(String(NAMES.map((name) => asText(name, numbers[name] ?? 0))));
  }

  #note(): void {
    const customers = this.#length > 0 ? 1 : 0;
    this.#lengths.set(String([this.#gross, this.#refunds, this.#lines, this.#orders.size, customers]), this.#length);
  }
}

function asText(name: string, value: number): string {
  return name === 'gross' || name === 'refunds' ? String(tenThousandthsOf(value)) : String(value);
}

const NOTHING: Numbers = Object.fromEntries(NAMES.map((name) => [name, 0]));

describe('Queries while runs are published', () => {
  let dataFolder: string;
  let tandem: TandemProcess;
  let client: TandemClient;
  const prefixes = new Map(CUSTOMERS.map((customer) => [countryOf(customer), new Prefixes()]));
  const faults: string[] = [];
  let isOver = false;
  let answers = 0;

  beforeAll(async () => {
    dataFolder = await newDataFolder();
    tandem = await startTandem({ dataFolder, settings: { LOG_PARTITIONS: String(PARTITIONS) } });
    client = new TandemClient(tandem.url);
  });
  afterAll(async () => {
    await tandem?.stop();
    await removeDataFolder(dataFolder);
  });

  it('are always answered by the fold of a true prefix of the log, and never go back', async () => {
    const readers = Array.from({ length: READERS }, () => read());
    const producing = produce();
    for (let run = 0; run < RUNS; run++) {
      await client.publish(run % 3 === 2 ? 'full' : 'incremental');
      await sleep(50);
    }
    isOver = true;
    const sent = await producing;
    await Promise.all(readers);
    expect(faults).toEqual([]);
    expect(sent).toBeGreaterThan(200);
    expect(answers).toBeGreaterThan(100);
    await client.untilCaughtUp();
    const last = await client.body<GroupedAnswer>('/metrics/revenue?group_by=country');
    const lengths = last.groups.map(({ country, merged }) => prefixes.get(country)?.lengthOf(merged) ?? -1);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(sent);
  }, 180_000);

  /** One event after the other, each sent when the one before has been acknowledged. */
  async function produce(): Promise<number> {
    const random = randomFrom(SEED);
    let sent = 0;
    for (; !isOver; sent++) {
      const event = eventOf(random.below(3), sent, random.pick(CUSTOMERS), random.below(1_000_000));
      // Known before it is sent: a reader may see it before its producer hears of it.
      prefixes.get(event.country)?.add(event);
      await client.ingest([event]);
    }
    return sent;
  }

  async function read(): Promise<void> {
    let lastRun = 0;
    let lastOffsets: Readonly<Record<string, number>> = {};
    const lastLengths = new Map<string, number>();
    while (!isOver) {
      const { boundary, groups } = await client.body<GroupedAnswer>('/metrics/revenue?group_by=country');
      answers++;
      if (boundary.run < lastRun) faults.push(`run ${boundary.run} after run ${lastRun}`);
      for (const [partition, offset] of Object.entries(boundary.offsets)) {
        if (offset < (lastOffsets[partition] ?? 0)) faults.push(`offset ${offset} after ${lastOffsets[partition]}`);
      }
      [lastRun, lastOffsets] = [boundary.run, boundary.offsets];
      for (const country of prefixes.keys()) {
        const group = groups.find((candidate) => candidate.country === country);
        check(country, group, lastLengths);
      }
    }
  }

  function check(country: string, group: Group | undefined, lastLengths: Map<string, number>): void {
    const lengthOf = (layer: 'merged' | 'batch') => prefixes.get(country)?.lengthOf(group?.[layer] ?? NOTHING);
    const merged = lengthOf('merged');
    const batch = lengthOf('batch');
    if (merged === undefined || batch === undefined) {
      faults.push(`no prefix of ${country}: ${JSON.stringify(group)}`);
      return;
    }
    if (batch > merged) faults.push(`${country}: batch has ${batch} events, merged ${merged}`);
    const last = lastLengths.get(country) ?? 0;
    if (merged < last) faults.push(`${country}: ${merged} events after ${last}`);
    lastLengths.set(country, merged);
  }
});

function countryOf(customer: string): string {
  return `country of ${customer}`;
}

function eventOf(kind: number, number: number, customer: string, amount: number) {
  return {
    type: kind === 0 ? ('order_refunded' as const) : ('order_placed' as const),
    event_id: `e${number}`,
    // Hours and days go up and down: event time has nothing to do with the order of the log.
    occurred_at: new Date(Date.UTC(2026, 0, 1) + ((number * 7_919) % 200) * 3_600_000).toISOString(),
    order_id: `o${Math.floor(number / 3)}`,
    customer_id: customer,
    category: 'books',
    amount: amount / 10_000,
    country: countryOf(customer),
  };
}
