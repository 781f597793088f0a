import { partitionKeyOf } from '@tandem/shared';
import type { EventSender } from '../producer/event-sender.js';
import type { CopyCount } from './copy-count.js';
import type { EventSink } from './import-events.js';
import type { ImportMemory } from './import-memory.js';
import type { RejectsFile } from './rejects-file.js';
import type { Row } from './row.js';

export type SinkParts = {
  readonly sender: EventSender<Row>;
  readonly copyCount: CopyCount;
  readonly rejects: RejectsFile | undefined;
  readonly memory: ImportMemory | undefined;
  readonly warn: (text: string) => void;
};

/** Sends events to the service, counts them, and warns of what the memory knows before the first of them is sent. */
export function importSink({ sender, copyCount, rejects, memory, warn }: SinkParts): EventSink {
  let isAsked = memory === undefined;
  const askMemory = () => {
    const warning = memory?.warning();
    if (warning !== undefined) warn(warning);
    isAsked = true;
  };
  return {
    add: (event, row) => {
      // A request is sent when some thousand events have come, which is later.
      if (!isAsked && memory?.add(row, event.event_id)) askMemory();
      sender.add(JSON.stringify(event), row);
      copyCount.add(partitionKeyOf(event));
    },
    ready: async () => {
      await sender.ready();
      await rejects?.ready();
    },
    finish: async () => {
      if (!isAsked) askMemory();
      await sender.finish();
      await memory?.save();
    },
  };
}
