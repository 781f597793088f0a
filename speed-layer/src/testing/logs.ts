import { randomUUID } from 'node:crypto';
import { decodeEvent, identityOf, type LogRecord, type Offsets } from '@tandem/shared';
import type { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { type ArbitraryRecord, aLog } from '@tandem/shared/testing/arbitraries';
import type { PositionedValue } from '@tandem/shared/testing/oracle';
import fc from 'fast-check';

/** Records of a log in the order of appending; null is a barrier in every partition. */
export type Script = readonly (ArbitraryRecord | null)[];

/** Logs with copies, conflicts, late events, invalid records, and up to four barriers anywhere. */
export function aScript(partitions: number, maxRecords = 60): fc.Arbitrary<Script> {
  const cuts = fc.array(fc.nat(maxRecords), { maxLength: 4 });
  return fc.tuple(aLog(partitions, maxRecords), cuts).map(([records, places]) => {
    const script: (ArbitraryRecord | null)[] = [...records];
    for (const place of places) script.splice(place, 0, null);
    return script;
  });
}

/** The same with copies that all say the same: which of them counts makes no difference then. */
export function withoutConflicts(script: Script): Script {
  const firsts = new Map<string, Buffer | null>();
  return script.map((record) => {
    const decoded = decodeEvent(record?.value ?? null);
    if (record === null || 'refusal' in decoded) return record;
    const identity = identityOf(decoded.event);
    const value = firsts.get(identity) ?? record.value;
    firsts.set(identity, value);
    return { ...record, value };
  });
}

/** Appends a script to a log; returns the boundary that each of its barriers drew. */
export async function play(script: Script, log: MemoryEventLog): Promise<readonly Offsets[]> {
  const boundaries: Offsets[] = [];
  for (const record of script) {
    if (record === null) boundaries.push(await log.appendBarriers(`run ${randomUUID()}`));
    else log.appendForeign(record.partition, [record.value]);
  }
  return boundaries;
}

/** The records that a script leaves in one partition. */
export function recordsOf(script: Script, partition: number): readonly (LogRecord & PositionedValue)[] {
  return script
    .filter((record) => record === null || record.partition === partition)
    .map((record, offset) => ({
      partition,
      offset,
      value: record?.value ?? null,
      barrier: record === null ? 'a run' : null,
    }));
}
