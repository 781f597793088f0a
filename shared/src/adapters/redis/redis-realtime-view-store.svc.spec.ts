import { describeRealtimeViewStore } from '../../testing/realtime-view-store.contract.js';
import { RedisSubject } from './testing/redis-subject.js';

describeRealtimeViewStore('the realtime view in Redis', async () => new RedisSubject());

describeRealtimeViewStore(
  'the realtime view in Redis, compacted after each stretch,',
  async () => new RedisSubject({ leastCompactionLength: 0 }),
);
