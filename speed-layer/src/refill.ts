import { decodeRecord, isControl, type LogRecord } from '@tandem/shared';
import { pass } from './alignment.js';
import type { DuplicateWindow } from './duplicate-window.js';
import { isBarrier } from './fold-stretch.js';
import type { PartitionState } from './session.js';

/** Puts records below what is applied into the duplicate window, without counting them. */
export function refill(state: PartitionState, window: DuplicateWindow, records: readonly LogRecord[]): void {
  for (const record of records) {
    const { offset, barrier } = record;
    state.next = offset + 1;
    if (isBarrier(record) && barrier !== null) pass(state, barrier);
    if (isControl(record)) continue;
    const decoded = decodeRecord(record);
    if ('event' in decoded) window.isDuplicate(decoded.event, state.partition, offset);
  }
}
