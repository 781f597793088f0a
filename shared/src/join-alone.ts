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

/** Reads until a position moves to where the read does not go by itself, or to the end: the signal, or the log closed. */
async function readOn(
  log: EventLog,
  member: GroupMember,
  positions: number[],
  signal: AbortSignal,
): Promise<'moved' | 'ended'> {
  for await (const batch of log.read([...positions] satisfies Offsets, { signal })) {
    const end = (batch.records.at(-1)?.offset ?? -1) + 1;
    positions[batch.partition] = await takeOrBeginAgain(member, batch);
    if (positions[batch.partition] !== end) return 'moved';
  }
  return 'ended';
}

async function takeOrBeginAgain(member: GroupMember, batch: LogBatch): Promise<number> {
  try {
    return await member.take(batch);
  } catch (error) {
    if (!(error instanceof TandemError && error.code === 'fenced')) throw error;
    return member.assigned(batch.partition);
  }
}
