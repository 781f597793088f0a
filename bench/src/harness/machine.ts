import { availableParallelism, totalmem } from 'node:os';

/** What a reader needs to compare with: no names, no paths. */
export function describeMachine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} cores, ${gigabytes} GiB of memory, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
}
