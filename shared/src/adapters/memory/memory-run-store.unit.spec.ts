import { describeRunStore } from '../../testing/run-store.contract.js';
import { MemoryRunStore } from './memory-run-store.js';

describeRunStore('the runs in memory', async () => {
  const runs = new MemoryRunStore(4);
  return {
    runs,
    publishActive: (boundary, definitions) => runs.publishActive(boundary, definitions),
    failActive: (error) => runs.failActive(error),
    close: async () => {},
  };
});
