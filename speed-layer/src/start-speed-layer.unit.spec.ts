import { describe, expect, it } from '@jest/globals';
import { coldReason, type EventLog, type LogBatch, type Offsets, type ReadOptions, TandemError } from '@tandem/shared';
import { MemoryEventLog } from '@tandem/shared/adapters/memory/memory-event-log';
import { startSpeedLayer } from './start-speed-layer.js';
import { rowsFrom } from './testing/rows.js';
import { caughtUp, sceneOf, viewWhen, whileRunning } from './testing/scene.js';

/** A ticket opened in an hour of its own: one cell. */
function aTicket(number: number): Buffer {
  const occurred_at = new Date(number * 3_600_000).toISOString();
  const ids = { event_id: `e-${number}`, ticket_id: `t-${number}`, customer_id: null };
  return Buffer.from(JSON.stringify({ type: 'ticket_opened', ...ids, occurred_at, priority: 'high' }));
}

const tickets = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => aTicket(from + index));

/** A log of one partition with that many tickets. */
function logWith(count: number): MemoryEventLog {
  const log = new MemoryEventLog(1);
  log.appendForeign(0, tickets(0, count));
  return log;
}

/** A log whose reads are made by `read` instead. */
function logReadBy(log: MemoryEventLog, read: EventLog['read']): EventLog {
  const readBy: MemoryEventLog = log.openAgain();
  readBy.read = read as MemoryEventLog['read'];
  return readBy;
}

/** A log whose first reads break after one batch with the given errors. */
function breakingLog(log: MemoryEventLog, errors: Error[]): EventLog {
  async function* read(from: Offsets, options?: ReadOptions): AsyncGenerator<LogBatch> {
    for await (const batch of log.read(from, options)) {
      yield batch;
      const error = errors.shift();
      if (error) throw error;
    }
  }
  return logReadBy(log, read);
}

describe('the start of the speed layer', () => {
  it('makes the view of an empty log warm at once', async () => {
    const scene = sceneOf(new MemoryEventLog(4));
    await whileRunning(startSpeedLayer(scene), async () => {
      expect((await caughtUp(scene)).partitions.map(({ applied }) => applied)).toEqual([0, 0, 0, 0]);
    });
  });

  it('keeps the view cold, and says how far it is, until it has caught up with the log as it was at start', async () => {
    const scene = sceneOf(logWith(10), { SPEED_STRETCH_EVENTS: 4 });
    const reasons = new Set<string | null>();
    const setCold = scene.store.setCold.bind(scene.store);
    scene.store.setCold = async (partition, owner, reason) => {
      reasons.add(reason);
      await setCold(partition, owner, reason);
    };
    await whileRunning(startSpeedLayer(scene), () => caughtUp(scene));
    const progress = [0, 4, 8].map((done) => `the realtime view is being rebuilt from the log: ${done} of 10 records`);
    expect([...reasons]).toEqual([...progress, null]);
  });

  it('lets others have their turn while it replays', async () => {
    const scene = sceneOf(logWith(1_000), { SPEED_STRETCH_EVENTS: 10 });
    await whileRunning(startSpeedLayer(scene), async () => {
      const seen = await viewWhen(scene.store, ({ partitions }) => (partitions[0]?.applied ?? 0) > 0);
      expect(seen.partitions[0]?.applied).toBeLessThan(1_000);
    });
  });

  it('refills all that the window can hold: a copy nearly twice its reach behind is dropped as without a restart', async () => {
    const log = logWith(25);
    await log.appendBarriers('run 1');
    log.appendForeign(0, [...tickets(26, 29), aTicket(10)]);
    for (const resume of [0, 25]) {
      const scene = sceneOf(log, { DUPLICATE_WINDOW_EVENTS: 10 });
      scene.runs.keep([resume]);
      await whileRunning(startSpeedLayer(scene), async () => {
        const last = (await caughtUp(scene)).partitions[0]?.segments.at(-1);
        expect(last).toMatchObject({ start: 25, tally: { folded: 3, duplicate: 1, barriers: 1 } });
      });
    }
  });

  it('stops at once, although the log has nothing more to say', async () => {
    const scene = sceneOf(logWith(3));
    const layer = await startSpeedLayer(scene);
    await caughtUp(scene);
    await layer.stop();
    (scene.log as MemoryEventLog).appendForeign(0, tickets(3, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await scene.store.view()).partitions[0]?.applied).toBe(3);
  });
});

describe('invalid records', () => {
  it('become dead letters and are counted, and the partition goes on', async () => {
    const log = logWith(1);
    log.appendForeign(0, [Buffer.from('poison'), null, aTicket(1)]);
    const scene = sceneOf(log);
    await whileRunning(startSpeedLayer(scene), async () => {
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]?.segments[0]?.tally).toMatchObject({ read: 4, folded: 2, invalid: 2 });
      const { letters } = await scene.deadLetters.list(10);
      expect(letters.map(({ partition, offset }) => [partition, offset])).toEqual([
        [0, 2],
        [0, 1],
      ]);
    });
  });

  it('are not applied before they are kept, and are kept when dead letters can be kept again', async () => {
    const log = new MemoryEventLog(1);
    log.appendForeign(0, [Buffer.from('poison')]);
    const scene = sceneOf(log);
    scene.deadLetters.refusals = 2;
    const applied: number[] = [];
    const apply = scene.store.apply.bind(scene.store);
    scene.store.apply = async (owner, stretch) => {
      applied.push((await scene.deadLetters.list(0)).total);
      await apply(owner, stretch);
    };
    await whileRunning(startSpeedLayer(scene), () => viewWhen(scene.store, ({ cold }) => cold === null));
    expect(applied).toEqual([1]);
  });

  it('do not keep the layer from stopping while dead letters are refused', async () => {
    const log = new MemoryEventLog(1);
    log.appendForeign(0, [Buffer.from('poison')]);
    const scene = sceneOf(log);
    scene.deadLetters.refusals = Number.POSITIVE_INFINITY;
    const layer = await startSpeedLayer(scene);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await layer.stop();
    expect((await scene.store.view()).partitions[0]?.applied).toBe(0);
  });
});

describe('faults', () => {
  it('of a log that is unavailable for a while leave out nothing and repeat nothing', async () => {
    const breaks = [1, 2].map(() => new TandemError('unavailable', 'the log is away'));
    const log = new MemoryEventLog(1, 4);
    log.appendForeign(0, tickets(0, 10));
    const scene = sceneOf(breakingLog(log, breaks));
    await whileRunning(startSpeedLayer(scene), async () => {
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]?.segments.map(({ tally }) => tally.folded)).toEqual([10]);
    });
  });

  it('that nobody expected make the view cold with the reason, and then it is built anew', async () => {
    const log = new MemoryEventLog(1, 4);
    log.appendForeign(0, tickets(0, 10));
    const scene = sceneOf(breakingLog(log, [new Error('a cosmic ray')]));
    await whileRunning(startSpeedLayer(scene), async () => {
      const { cold } = await viewWhen(scene.store, (view) => view.cold?.includes('cosmic') === true);
      expect(cold).toBe('partition 0: the speed layer failed and starts again: a cosmic ray');
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]?.segments.map(({ tally }) => tally)).toMatchObject([{ folded: 10, duplicate: 0 }]);
    });
  });

  it('of a log that leaves out a record never become a smaller number', async () => {
    const log = logWith(10);
    async function* read(from: Offsets, options?: ReadOptions): AsyncGenerator<LogBatch> {
      for await (const { partition, records } of log.read(from, options)) {
        yield { partition, records: records.filter(({ offset }) => offset !== 5) };
      }
    }
    const scene = sceneOf(logReadBy(log, read));
    await whileRunning(startSpeedLayer(scene), async () => {
      const { cold } = await viewWhen(scene.store, (view) => view.cold?.includes('failed') === true);
      expect(cold).toContain('found offset 6; allowed is 5');
    });
  });

  it('of another speed layer that claims the partition neither lose nor repeat a record', async () => {
    const scene = sceneOf(logWith(1));
    await whileRunning(startSpeedLayer(scene), async () => {
      await caughtUp(scene);
      const other = await scene.store.claim(0);
      expect(other.held).toMatchObject({ applied: 1 });
      (scene.log as MemoryEventLog).appendForeign(0, [aTicket(1), aTicket(0)]);
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]?.segments.map(({ tally }) => tally)).toMatchObject([{ read: 3, folded: 2, duplicate: 1 }]);
      await expect(scene.store.setCold(0, other.owner, 'mine')).rejects.toMatchObject({ code: 'fenced' });
    });
  });

  it('of a partition that another has claimed on a quiet log are noticed without a record', async () => {
    const scene = sceneOf(logWith(1));
    await whileRunning(startSpeedLayer(scene), async () => {
      await caughtUp(scene);
      const other = await scene.store.claim(0);
      const isTakenBack = async () => (await scene.store.claim(0)).owner > other.owner + 1;
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await isTakenBack()).toBe(true);
    });
  });

  it('of retention that has passed all boundaries are told, and mended by the next run', async () => {
    const log = logWith(9);
    log.startOffsets = async () => [5];
    const scene = sceneOf(log);
    await whileRunning(startSpeedLayer(scene), async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(coldReason(await scene.store.view())).toMatch(/./);
      await log.appendBarriers('run 1');
      scene.runs.keep([9], [0]);
      const { partitions } = await viewWhen(scene.store, ({ cold }) => cold === null);
      expect(partitions[0]).toMatchObject({ from: 9, applied: 10 });
    });
  });

  it('of a store that has lost the partition make it begin anew at the oldest kept boundary', async () => {
    const scene = sceneOf(logWith(5));
    await whileRunning(startSpeedLayer(scene), async () => {
      await caughtUp(scene);
      const { owner } = await scene.store.claim(0);
      await scene.store.begin(0, owner, 2);
      scene.runs.keep([0]);
      (scene.log as MemoryEventLog).appendForeign(0, [aTicket(5)]);
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]).toMatchObject({ from: 0, applied: 6 });
      expect(partitions[0]?.segments.map(({ tally }) => tally.folded)).toEqual([6]);
    });
  });
});

describe('a full view', () => {
  const tickets1To40 = () => sceneOf(logWith(40), { SPEED_MAX_CELLS: 20, SPEED_STRETCH_EVENTS: 4 });
  const isFull = ({ cold }: { cold: string | null }) => cold?.includes('is full') === true;

  it('stops growing and says what to do', async () => {
    const scene = tickets1To40();
    await whileRunning(startSpeedLayer(scene), async () => {
      const { cold, partitions } = await viewWhen(scene.store, isFull);
      expect(cold).toContain('found 24 cells and sketch hashes; allowed are 20 (SPEED_MAX_CELLS)');
      expect(cold).toContain('Run the batch layer');
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(partitions[0]?.applied).toBe(24);
      expect(await scene.store.heldSize()).toBe(24);
    });
  });

  it('goes on by itself where it stopped when segments below are dropped', async () => {
    const log = logWith(10);
    await log.appendBarriers('run 1');
    log.appendForeign(0, tickets(10, 24));
    const scene = sceneOf(log, { SPEED_MAX_CELLS: 20, SPEED_STRETCH_EVENTS: 4 });
    await whileRunning(startSpeedLayer(scene), async () => {
      await viewWhen(scene.store, isFull);
      scene.runs.keep([10]);
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]?.segments.map(({ start, tally }) => [start, tally.folded])).toEqual([[10, 14]]);
    });
  });

  it('begins anew at the oldest kept boundary once that has passed all that was applied', async () => {
    const log = logWith(40);
    await log.appendBarriers('run 1');
    log.appendForeign(0, [aTicket(39), aTicket(40)]);
    const scene = sceneOf(log, { SPEED_MAX_CELLS: 20, SPEED_STRETCH_EVENTS: 4 });
    await whileRunning(startSpeedLayer(scene), async () => {
      await viewWhen(scene.store, isFull);
      scene.runs.keep([40]);
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]?.segments).toMatchObject([{ start: 40, tally: { folded: 1, duplicate: 1, barriers: 1 } }]);
    });
  });
});

describe('dropping', () => {
  it('takes away what lies below the oldest kept boundary, never below the current one only', async () => {
    const log = logWith(3);
    await log.appendBarriers('run 1');
    log.appendForeign(0, tickets(3, 6));
    await log.appendBarriers('run 2');
    const scene = sceneOf(log);
    const startsWhen = async (count: number) =>
      (await viewWhen(scene.store, ({ partitions }) => partitions[0]?.segments.length === count)).partitions[0]
        ?.segments;
    await whileRunning(startSpeedLayer(scene), async () => {
      await caughtUp(scene);
      scene.runs.keep([7], [3], [0]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect((await startsWhen(3))?.map(({ start }) => start)).toEqual([0, 3, 7]);
      scene.runs.keep([7], [3]);
      expect((await startsWhen(2))?.map(({ start }) => start)).toEqual([3, 7]);
    });
  });

  it('leaves the open segment alone where reading lags behind the boundary', async () => {
    const log = logWith(3);
    const scene = sceneOf(log);
    await whileRunning(startSpeedLayer(scene), async () => {
      await caughtUp(scene);
      scene.runs.keep([100]);
      await new Promise((resolve) => setTimeout(resolve, 50));
      log.appendForeign(0, tickets(3, 5));
      const { partitions } = await caughtUp(scene);
      expect(partitions[0]?.segments.map(({ start, tally }) => [start, tally.folded])).toEqual([[0, 5]]);
      for (const metric of scene.metrics.filter(({ name }) => name === 'tickets'))
        expect(rowsFrom(metric, { segments: partitions[0]?.segments ?? [] }, 0)).toHaveLength(5);
    });
  });
});
