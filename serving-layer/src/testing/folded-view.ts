import {
  type Cells,
  decodeEvent,
  type Event,
  type EventLog,
  foldOf,
  identityOf,
  type LogRecord,
  type Metric,
  type RealtimeViewStore,
  type Segment,
  type Tally,
  ZERO_TALLY,
} from '@tandem/shared';
import type { PositionedValue } from '@tandem/shared/testing/oracle';

type OpenSegment = {
  readonly start: number;
  readonly tally: { -readonly [Key in keyof Tally]: Tally[Key] };
  readonly cells: Map<string, Cells>;
};

/** Every record of a log below its present end. */
export async function recordsOf(log: EventLog): Promise<readonly PositionedValue[]> {
  const records: PositionedValue[] = [];
  const from = Array.from({ length: log.partitions }, () => 0);
  for await (const batch of log.read(from, { until: await log.endOffsets() })) {
    records.push(...batch.records.map((record) => ({ ...record, partition: batch.partition })));
  }
  return records;
}

/** A plain speed layer for tests: folds records into segments cut at barriers, and drops copies. */
export class FoldedView {
  /** False: as several workers that have a partition each, it drops copies within a partition only, and says so. */
  seesAll = true;
  readonly #store: RealtimeViewStore;
  readonly #metrics: readonly Metric[];
  readonly #seen = new Set<string>();
  #owners: readonly number[] = [];
  #applied: number[] = [];

  constructor(store: RealtimeViewStore, metrics: readonly Metric[]) {
    this.#store = store;
    this.#metrics = metrics;
  }

  /** Begins at `from` (inclusive), and is warm at once. */
  async begin(from: readonly number[]): Promise<void> {
    const claims = await Promise.all(from.map((_, partition) => this.#store.claim(partition)));
    this.#owners = claims.map(({ owner }) => owner);
    await this.#ofEach((partition, owner) => this.#store.begin(partition, owner, from[partition] ?? 0));
    this.#applied = [...from];
    this.#seen.clear();
    await this.setCold(null);
  }

  async setCold(reason: string | null): Promise<void> {
    await this.#ofEach((partition, owner) => this.#store.setCold(partition, owner, reason));
  }

  async dropBelow(boundary: readonly number[]): Promise<void> {
    await this.#ofEach((partition, owner) => this.#store.dropBelow(partition, owner, boundary[partition] ?? 0));
  }

  /** Applies everything in the log below `until` (exclusive; the log's end without it) that is not applied yet. */
  async applyAll(log: EventLog, until?: readonly number[]): Promise<void> {
    const end = until ?? (await log.endOffsets());
    for await (const { partition, records } of log.read(this.#applied, { until: end })) {
      const from = this.#applied[partition] ?? 0;
      const to = from + records.length;
      const segments = await this.#fold(partition, from, records);
      await this.#store.apply(this.#owners[partition] ?? 0, { partition, from, to, segments });
      this.#applied[partition] = to;
    }
  }

  async #ofEach(change: (partition: number, owner: number) => Promise<void>): Promise<void> {
    await Promise.all(this.#owners.map((owner, partition) => change(partition, owner)));
  }

  async #fold(partition: number, from: number, records: readonly LogRecord[]): Promise<readonly Segment[]> {
    const held = (await this.#store.view()).partitions[partition]?.segments.at(-1);
    const segments = [newSegment(held?.start ?? from)];
    for (const record of records) {
      if (record.barrier !== null && !(record.offset === from && !held)) segments.push(newSegment(record.offset));
      const segment = segments.at(-1);
      if (segment) this.#take(partition, segment, record);
    }
    return segments.filter(({ tally }) => tally.read > 0);
  }

  #take(partition: number, { tally, cells }: OpenSegment, { value, barrier }: LogRecord): void {
    tally.read++;
    const decoded = decodeEvent(value);
    if (barrier !== null) tally.barriers++;
    else if ('refusal' in decoded) tally.invalid++;
    else if (this.#seen.has(this.#named(partition, decoded.event))) tally.duplicate++;
    else {
      tally.folded++;
      if (!this.seesAll) tally.unchecked++;
      this.#seen.add(this.#named(partition, decoded.event));
      for (const metric of this.#metrics) {
        const metricCells = cells.get(metric.name) ?? new Map();
        cells.set(metric.name, metricCells);
        foldOf(metric)(metricCells, decoded.event);
      }
    }
  }

  #named(partition: number, event: Event): string {
    return `${this.seesAll ? '' : partition} ${identityOf(event)}`;
  }
}

function newSegment(start: number): OpenSegment {
  return { start, tally: { ...ZERO_TALLY }, cells: new Map() };
}
