import { TandemError } from './errors.js';
import type { Offsets } from './offsets.js';
import type { EventLog, GroupMember, LogBatch } from './ports/event-log.js';

/**
 * A group of one member, for a log that knows no groups: all partitions are its own from the beginning to the end.
 * Throws as `EventLog.join` does.
 */
export async function joinAlone(log: EventLog, member: GroupMember, signal: AbortSignal): Promise<void> {
  const positions = await Promise.all(Array.from({ length: log.partitions }, (_, number) => member.assigned(number)));
  while (!signal.aborted && (await readOn(log, member, positions, signal)) === 'moved');
  for (const partition of positions.keys()) member.revoked(partition);
}

/**
 * Reads until a partition can go on at a position to where the read does not go by itself, or to the end: the signal, or
 * the log closed. Meanwhile that partition's batches are left out, and the others go on.
 */
async function readOn(
  log: EventLog,
  member: GroupMember,
  positions: number[],
  signal: AbortSignal,
): Promise<'moved' | 'ended'> {
  const moved = new AbortController();
  const waiting = new Set<number>();
  let failed: { readonly error: unknown } | undefined;
  const end = AbortSignal.any([signal, moved.signal]);
  for await (const batch of log.read([...positions] satisfies Offsets, { signal: end })) {
    const { partition, records } = batch;
    if (waiting.has(partition)) continue;
    positions[partition] = await takeOrBeginAgain(member, batch);
    if (positions[partition] === (records.at(-1)?.offset ?? -1) + 1) continue;
    waiting.add(partition);
    const ready = Promise.resolve(member.ready?.(partition));
    ready.catch((error) => (failed = { error })).finally(() => moved.abort());
  }
  if (failed) throw failed.error;
  return moved.signal.aborted && !signal.aborted ? 'moved' : 'ended';
}

async function takeOrBeginAgain(member: GroupMember, batch: LogBatch): Promise<number> {
  try {
    return await member.take(batch);
  } catch (error) {
    if (!(error instanceof TandemError && error.code === 'fenced')) throw error;
    return member.assigned(batch.partition);
  }
}
