import { describeEventLog } from '../../testing/event-log.contract.js';
import { MemoryEventLog } from './memory-event-log.js';

describeEventLog('the log in memory', async () => {
  const log = new MemoryEventLog(4);
  return {
    open: async () => log.openAgain(),
    appendForeign: async (partition, values) => log.appendForeign(partition, values),
    close: () => log.close(),
  };
});
