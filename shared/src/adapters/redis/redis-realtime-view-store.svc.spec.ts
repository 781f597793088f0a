import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeRealtimeViewStore } from '../../testing/realtime-view-store.contract.js';
import { RedisConnection } from './redis-connection.js';
import type { RedisRealtimeViewStore } from './redis-realtime-view-store.js';
import { countedStretch, countsOf, SEGMENT_RECORDS, wholeCounts } from './testing/counted-stretches.js';
import { RedisSubject } from './testing/redis-subject.js';

describeRealtimeViewStore('the realtime view in Redis', async () => new RedisSubject());

describeRealtimeViewStore(
  'the realtime view in Redis, compacted after each stretch,',
  async () => new RedisSubject({ leastCompactionLength: 0 }),
);

describe('the keys of the realtime view in Redis', () => {
  let subject: RedisSubject;
  let store: RedisRealtimeViewStore;
  let connection: RedisConnection;
  beforeEach(async () => {
    subject = new RedisSubject({ leastCompactionLength: 0 });
    store = await subject.open();
    connection = new RedisConnection(subject.options.url, subject.options.logger);
  });
  afterEach(async () => {
    await connection.close();
    await subject.close();
  });
  const begun = async () => {
    const { owner } = await store.claim(0);
    await store.begin(0, owner, 0);
    return owner;
  };
  const keyNames = async () => {
    const base = `${subject.options.prefix}:{p0}:`;
    const keys = await connection.run((client) => client.keys(`${base}*`));
    return keys.map((key) => key.slice(base.length)).sort();
  };
  const scans = async () => {
    const stats = await connection.run((client) => client.info('commandstats'));
    return Number(/^cmdstat_scan:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  };

  it('show cells that a person can read', async () => {
    const owner = await begun();
    await store.apply(owner, countedStretch(0, 0, 3));
    await store.apply(owner, countedStretch(0, 3, 4));
    const shown = await connection.run((client) => client.hGetAll(`${subject.options.prefix}:{p0}:segment:0:sales`));
    expect({ ...shown }).toEqual({
      '2025-11-24T16:00Z books': 'amount=0.0001 orders=1',
      '2025-11-24T17:00Z toys': 'amount=0.0001 orders=1',
      '2025-11-24T18:00Z garden': 'amount=0.0001 orders=1',
      '2025-11-24T16:00Z "Überraschung 🎁"': 'amount=0.0001 orders=1',
    });
  });

  it('go when it is begun anew, without a look at the keys of others', async () => {
    const owner = await begun();
    await store.apply(owner, countedStretch(0, 0, SEGMENT_RECORDS + 1));
    // Behind the compaction, which takes its turn after the stretch.
    await store.setCold(0, owner, null);
    const state = [`state:0`, `state:${SEGMENT_RECORDS}`];
    expect(await keyNames()).toEqual(expect.arrayContaining([...state, 'segment:0:sales', 'meta', 'stretches']));
    const before = await scans();
    await store.begin(0, owner, 7);
    expect(await keyNames()).toEqual(['meta', 'stretches']);
    expect(await scans()).toBe(before);
  });

  it('go when it is begun anew after Redis has lost the hash that names them', async () => {
    const owner = await begun();
    await store.apply(owner, countedStretch(0, 0, SEGMENT_RECORDS + 1));
    await store.setCold(0, owner, null);
    await connection.run((client) => client.del(`${subject.options.prefix}:{p0}:meta`));
    await begun();
    expect(await keyNames()).toEqual(['meta', 'stretches']);
  });

  it('are whole when it is begun anew as a compaction is due', async () => {
    const owner = await begun();
    await Promise.all([store.apply(owner, countedStretch(0, 0, 30)), store.begin(0, owner, 0)]);
    await store.setCold(0, owner, null);
    expect(countsOf(await (await subject.open()).view())[0]).toEqual(wholeCounts(0));
  });
});
