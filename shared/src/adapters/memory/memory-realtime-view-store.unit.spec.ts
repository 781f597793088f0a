import { describeRealtimeViewStore } from '../../testing/realtime-view-store.contract.js';
import { MemoryRealtimeViewStore } from './memory-realtime-view-store.js';

describeRealtimeViewStore('the realtime view in memory', async () => {
  const store = new MemoryRealtimeViewStore(2);
  return { open: async () => store, close: () => store.close() };
});
