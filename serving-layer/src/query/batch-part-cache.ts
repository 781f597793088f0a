import { DistinctSketch, type PublishedRun } from '@tandem/shared';
import { LRUCache } from 'lru-cache';
import type { BatchViewReader } from '../ports/batch-view-reader.js';
import { readBatchPart } from './batch-part.js';
import type { Query } from './query.js';
import { isDistinct, type Part } from './values.js';

/** Most values and sketch hashes that the cache holds in all: about 50 bytes each. */
export const MAX_CACHED_VALUES = 2_000_000;

/**
 * What batch says, remembered: the rows of a run never change, so a part is right for as long as its run is asked about.
 * Queries that ask for the same at once share one read.
 */
export class BatchPartCache {
  readonly #reader: BatchViewReader;
  readonly #parts = new LRUCache<string, Part>({ maxSize: MAX_CACHED_VALUES, sizeCalculation: sizeOf });
  readonly #reading = new Map<string, Promise<Part>>();

  constructor(reader: BatchViewReader) {
    this.#reader = reader;
  }

  async get(run: PublishedRun, query: Query, withSketches: boolean): Promise<Part> {
    const key = keyOf(run, query, withSketches);
    return this.#parts.get(key) ?? this.#reading.get(key) ?? this.#read(key, run, query, withSketches);
  }

  #read(key: string, run: PublishedRun, query: Query, withSketches: boolean): Promise<Part> {
    const reading = readBatchPart(this.#reader, run, query, withSketches)
      .then((part) => {
        this.#parts.set(key, part);
        return part;
      })
      .finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }
}

function keyOf(
  run: PublishedRun,
  { metric, where, groupBy, range, granularity }: Query,
  withSketches: boolean,
): string {
  // Whether the run carries the definition is part of what is asked: see readBatchPart.
  const carried = run.definitions?.[metric.name];
  return JSON.stringify([run.id, carried, metric.name, where, groupBy, range, granularity, withSketches]);
}

function sizeOf(part: Part): number {
  let size = 1;
  for (const { values } of part.values()) {
    for (const value of values) {
      size += isDistinct(value) && value.sketch instanceof DistinctSketch ? 1 + value.sketch.heldHashes : 1;
    }
  }
  return size;
}
