import { createHash } from 'node:crypto';
import { TandemError } from './errors.js';
import type { Offsets } from './offsets.js';
import type { EventLog, LogRecord } from './ports/event-log.js';

/** A record that a log must hold: by it the log is told from another one of the same name. */
export type LogMark = { readonly partition: number; readonly offset: number; readonly digest: string };

const DIGEST_LENGTH = 24;

/** Tells what a record holds, in 24 hexadecimal digits. */
export function digestOf({ value, barrier }: Pick<LogRecord, 'value' | 'barrier'>): string {
  const hash = createHash('sha256').update(barrier ?? '');
  hash.update(value === null ? 'n' : 'v').update(value ?? '');
  return hash.digest('hex').slice(0, DIGEST_LENGTH);
}

/** The barriers of a run as marks. */
export function barrierMarks(name: string, offsets: Offsets): readonly LogMark[] {
  const digest = digestOf({ value: null, barrier: name });
  return offsets.map((offset, partition) => ({ partition, offset, digest }));
}

/** Why the log does not hold a record; null when it does. Throws what `EventLog.prove` throws besides. */
export async function refutationOf(log: Pick<EventLog, 'prove'>, mark: LogMark): Promise<TandemError | null> {
  try {
    await log.prove([mark]);
    return null;
  } catch (error) {
    if (error instanceof TandemError && error.code === 'corrupt') return error;
    throw error;
  }
}

/** The error that says that the log does not hold a record which this deployment has read or written there. */
export function logReplaced(partition: number, offset: number, found: string): TandemError {
  return new TandemError(
    'corrupt',
    `partition ${partition} of the log: found ${found} at offset ${offset}; allowed is the record that was there before. The log was replaced: it was made anew, restored from an older copy, or is another one. Bring the old log back, or begin with an empty database (docs/runbook.md, "The log was replaced")`,
    { facts: { partition, offset } },
  );
}
