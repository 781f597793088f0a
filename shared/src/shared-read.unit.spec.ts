import { describe, expect, it } from '@jest/globals';
import { SharedRead } from './shared-read.js';

/** A read that ends when told, with the number of its start. */
function controlled() {
  const ends: (() => void)[] = [];
  let started = 0;
  const read = () => {
    const number = ++started;
    return new Promise<number>((resolve) => ends.push(() => resolve(number)));
  };
  return { shared: new SharedRead(read), end: (index: number) => ends[index]?.(), started: () => started };
}

describe('a shared read', () => {
  it('gives who asks during a read the result of the next one, and one for all of them', async () => {
    const { shared, end, started } = controlled();
    const first = shared.get();
    const [second, third] = [shared.get(), shared.get()];
    expect(started()).toBe(1);
    end(0);
    expect(await first).toBe(1);
    await Promise.resolve();
    expect(started()).toBe(2);
    end(1);
    expect(await Promise.all([second, third])).toEqual([2, 2]);
  });

  it('reads anew for who asks after it has ended', async () => {
    const { shared, end } = controlled();
    const first = shared.get();
    end(0);
    await first;
    const second = shared.get();
    end(1);
    expect(await second).toBe(2);
  });

  it('goes on after a read that failed', async () => {
    let calls = 0;
    const shared = new SharedRead(async () => {
      if (++calls === 1) throw new Error('away');
      return calls;
    });
    const [first, second] = [shared.get(), shared.get()];
    await expect(first).rejects.toThrow('away');
    expect(await second).toBe(2);
  });
});
