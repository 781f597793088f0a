import { describe, expect, it } from '@jest/globals';
import { TandemError } from '../errors.js';
import { type AppendCall, AppendQueue } from './append-queue.js';

/** A call with records of partition 0. */
const callOf = (count: number, bytesEach = 1): AppendCall => ({
  rowsByPartition: [Array.from({ length: count }, () => ({ key: 'k', value: Buffer.alloc(bytesEach), barrier: null }))],
});

/** A queue whose groups wait until they are let through, and are noted by the sizes of their calls. */
function scene(deadlineMs = 60_000) {
  const groups: number[][] = [];
  const waiting: { resolve(): void; reject(error: Error): void }[] = [];
  const queue = new AppendQueue(async (calls) => {
    groups.push(calls.map(({ rowsByPartition }) => rowsByPartition[0]?.length ?? 0));
    await new Promise<void>((resolve, reject) => waiting.push({ resolve, reject }));
    return calls.map((_, index) => [groups.length, index]);
  }, deadlineMs);
  const begun = async () => {
    while (waiting.length === 0) await new Promise(setImmediate);
    return waiting.shift();
  };
  return { queue, groups, begun };
}

describe('the append queue', () => {
  it('writes calls of one turn in one group, and those that come meanwhile in the next', async () => {
    const { queue, groups, begun } = scene();
    const first = [queue.add(callOf(1)), queue.add(callOf(2))];
    const group = await begun();
    const second = [queue.add(callOf(3)), queue.add(callOf(4))];
    group?.resolve();
    expect(await Promise.all(first)).toEqual([
      [1, 0],
      [1, 1],
    ]);
    (await begun())?.resolve();
    await Promise.all(second);
    expect(groups).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('answers no caller before its group is written', async () => {
    const { queue, begun } = scene();
    let isAnswered = false;
    const call = queue.add(callOf(1)).then(() => {
      isAnswered = true;
    });
    const group = await begun();
    await new Promise(setImmediate);
    expect(isAnswered).toBe(false);
    group?.resolve();
    await call;
  });

  it('bounds a group by records and by bytes, but splits no call', async () => {
    const { queue, groups, begun } = scene();
    const calls = [40_000, 10_000, 1, 60_000].map((count) => queue.add(callOf(count)));
    calls.push(queue.add(callOf(1, 17 * 1024 * 1024)), queue.add(callOf(2)));
    const answered = Promise.all(calls);
    for (let group = 0; group < 5; group++) (await begun())?.resolve();
    await answered;
    expect(groups).toEqual([[40_000, 10_000], [1], [60_000], [1], [2]]);
  });

  it('refuses as overloaded what would wait beyond its bound, and takes it when there is room again', async () => {
    const { queue, begun } = scene();
    const first = queue.add(callOf(1));
    const group = await begun();
    const waiting = Array.from({ length: 8 }, () => queue.add(callOf(50_000)));
    await expect(queue.add(callOf(1))).rejects.toMatchObject({ code: 'overloaded', retriable: true });
    group?.resolve();
    await first;
    const next = await begun();
    const late = queue.add(callOf(1));
    next?.resolve();
    for (let left = 0; left < 8; left++) (await begun())?.resolve();
    await Promise.all([...waiting, late]);
  });

  it('takes a call of any size when nothing else waits', async () => {
    const { queue, begun } = scene();
    const huge = queue.add(callOf(500_000));
    (await begun())?.resolve();
    await huge;
  });

  it('rejects every call of a group that failed, writes it no second time, and goes on', async () => {
    const { queue, groups, begun } = scene();
    const failing = [queue.add(callOf(1)), queue.add(callOf(2))];
    const settled = Promise.allSettled(failing);
    (await begun())?.reject(new TandemError('unavailable', 'gone'));
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const next = queue.add(callOf(3));
    (await begun())?.resolve();
    await next;
    expect(groups).toEqual([[1, 2], [3]]);
  });

  it('answers every call by its deadline, and never writes one that was still waiting then', async () => {
    const { queue, groups, begun } = scene(50);
    const calls = [queue.add(callOf(1))];
    const group = await begun();
    calls.push(queue.add(callOf(2)), queue.add(callOf(3)));
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'unavailable', retriable: true });
    const next = queue.add(callOf(4));
    group?.resolve();
    (await begun())?.resolve();
    await next;
    expect(groups).toEqual([[1], [4]]);
  });

  it('has room again for as much as was taken out at the deadline', async () => {
    const { queue, begun } = scene(100);
    const large = callOf(50_000);
    const stuck = queue.add(callOf(1));
    await begun();
    const waiting = Array.from({ length: 8 }, () => queue.add(large));
    await Promise.allSettled([stuck, ...waiting]);
    const next = await Promise.allSettled(Array.from({ length: 8 }, () => queue.add(large)));
    // Not refused as overloaded: they waited, too.
    expect(next.map((answer) => answer.status === 'rejected' && answer.reason.code)).toEqual(
      Array.from({ length: 8 }, () => 'unavailable'),
    );
  });

  it('answers what waits before it is closed, and takes nothing after', async () => {
    const { queue, begun } = scene();
    const last = queue.add(callOf(1));
    const closed = queue.close();
    await expect(queue.add(callOf(1))).rejects.toMatchObject({ code: 'unavailable' });
    (await begun())?.resolve();
    await Promise.all([last, closed]);
  });
});
