import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PartitionClaim } from './partition-claim.js';
import { PartitionKeys } from './partition-keys.js';
import { RedisConnection } from './redis-connection.js';
import { RedisSubject } from './testing/redis-subject.js';

describe('a claim on a partition of the realtime view in Redis', () => {
  let subject: RedisSubject;
  let connection: RedisConnection;
  let keys: PartitionKeys;
  beforeEach(() => {
    subject = new RedisSubject({ partitions: 1 });
    connection = new RedisConnection(subject.options.url, subject.options.logger);
    keys = new PartitionKeys(subject.options.prefix, 0);
  });
  afterEach(async () => {
    await connection.close();
    await subject.close();
  });
  const take = () => PartitionClaim.take(connection, keys);
  const staged = () => connection.run((client) => client.lRange(keys.staging(0), 0, -1));

  it('has a greater number than every earlier one, also when Redis has lost that', async () => {
    const first = await take();
    const second = await take();
    await connection.run((client) => client.del(keys.meta));
    // Then the number is the time in milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 10));
    const third = await take();
    expect(second.owner).toBeGreaterThan(first.owner);
    expect(third.owner).toBeGreaterThan(second.owner);
  });

  it('lets nobody who claimed before put pieces of a state among its own', async () => {
    const before = await take();
    const claim = await take();
    expect(await claim.stage(keys.staging(0), 0, 'mine')).toBe(true);
    await expect(before.stage(keys.staging(0), 0, 'of before')).rejects.toMatchObject({ code: 'fenced' });
    await expect(before.stage(keys.staging(0), 1, 'of before')).rejects.toMatchObject({ code: 'fenced' });
    expect(await staged()).toEqual(['mine']);
  });

  it('adds no piece of a state whose pieces so far are lost', async () => {
    const claim = await take();
    await claim.stage(keys.staging(0), 0, 'lost');
    await connection.run((client) => client.del(keys.staging(0)));
    expect(await claim.stage(keys.staging(0), 1, 'next')).toBe(false);
    expect(await staged()).toEqual([]);
  });

  it('drops what a state that was left unfinished has left', async () => {
    await (await take()).stage(keys.staging(0), 0, 'unfinished');
    const claim = await take();
    for (const [number, piece] of ['first', 'second'].entries()) {
      expect(await claim.stage(keys.staging(0), number, piece)).toBe(true);
    }
    expect(await staged()).toEqual(['first', 'second']);
  });
});
