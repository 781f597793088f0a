import { setTimeout as sleep } from 'node:timers/promises';

const CHUNKS_PER_SECOND = 10;
const CHUNK_AT_FULL_SPEED = 1_000;

/**
 * Gives items in chunks. With a rate (items per second) about ten chunks a second, each when it is due; without one
 * as fast as they are taken.
 */
export async function* pace<Item>(items: Iterable<Item>, ratePerSecond?: number): AsyncGenerator<readonly Item[]> {
  const size = ratePerSecond === undefined ? CHUNK_AT_FULL_SPEED : Math.ceil(ratePerSecond / CHUNKS_PER_SECOND);
  const startMs = performance.now();
  let given = 0;
  for (const chunk of chunksOf(items, size)) {
    if (ratePerSecond !== undefined) {
      const dueMs = startMs + (1000 * given) / ratePerSecond;
      if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    }
    given += chunk.length;
    yield chunk;
  }
}

function* chunksOf<Item>(items: Iterable<Item>, size: number): Generator<readonly Item[]> {
  let chunk: Item[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
