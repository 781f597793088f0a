import { afterEach, describe, expect, it } from '@jest/globals';
import { type EventInput, type RealtimeViewStore, type RunStore, TandemError } from '@tandem/shared';
import { overriding } from './testing/overriding.js';
import { type House, openHouse, problemOf } from './testing/serving-house.js';

let house: House | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

const opened = (id: number, priority = 'high'): EventInput => ({
  type: 'ticket_opened',
  event_id: `e-${id}`,
  occurred_at: '2026-01-31T08:15:00Z',
  ticket_id: `t-${id}`,
  customer_id: null,
  priority,
});
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => opened(from + index));

describe('the order of reads', () => {
  it('is the run and its boundary, then the realtime view', async () => {
    const reads: string[] = [];
    const wrapRuns = (runs: RunStore): RunStore =>
      overriding(runs, {
        current: async () => {
          const run = await runs.current();
          reads.push('run');
          return run;
        },
      });
    const wrapStore = (store: RealtimeViewStore): RealtimeViewStore =>
      overriding(store, {
        view: () => {
          reads.push('view');
          return store.view();
        },
      });
    house = await openHouse({ wrapRuns, wrapStore });
    for (const path of ['/metrics/tickets', '/compare/tickets', '/ledger', '/ready']) {
      // Once a second the view is also read by the watch that compares it with the log: such an answer is asked for again.
      for (let attempt = 0; attempt < 2 && (attempt === 0 || reads.length > 2); attempt++) {
        reads.length = 0;
        expect((await house.get(path)).status).toBe(200);
      }
      expect({ path, reads }).toEqual({ path, reads: ['run', 'view'] });
    }
  });

  it('is the run first: a run published between the reads changes nothing', async () => {
    // The moment of danger: after one of the two was read, a run is published and segments below it are dropped.
    let disturb = async () => {};
    const once = async () => {
      const work = disturb;
      disturb = async () => {};
      await work();
    };
    const wrapRuns = (runs: RunStore): RunStore =>
      overriding(runs, {
        current: async () => {
          const run = await runs.current();
          await once();
          return run;
        },
      });
    const wrapStore = (store: RealtimeViewStore): RealtimeViewStore =>
      overriding(store, {
        view: async () => {
          const view = structuredClone(await store.view());
          await once();
          return view;
        },
      });
    const opened = await openHouse({ wrapRuns, wrapStore });
    house = opened;
    await opened.postEvents(range(0, 20));
    await opened.view.applyAll(opened.log);
    for (let round = 0; round < 3; round++) {
      disturb = async () => {
        await opened.postEvents(range(20 + round * 10, 30 + round * 10));
        const { boundary } = await opened.publish();
        await opened.view.applyAll(opened.log, boundary);
      };
      const { merged } = await opened.json('/metrics/tickets');
      const total = 20 + round * 10;
      expect([total, total + 10]).toContain(merged.opened);
    }
  });

  it('never shows an event twice or not at all, while runs are published and events arrive', async () => {
    const opened = await openHouse();
    house = opened;
    const events = 200;
    let acknowledged = 0;
    let applied = 0;
    const ask = async () => {
      while (acknowledged < events) {
        const [least, { merged }] = [applied, await opened.json('/metrics/tickets?layer=merged')];
        expect(merged.opened).toBeGreaterThanOrEqual(least);
        expect(merged.opened).toBeLessThanOrEqual(acknowledged + 10);
      }
    };
    const asking = Promise.all([ask(), ask(), ask()]);
    for (; acknowledged < events; acknowledged += 10) {
      await opened.postEvents(range(acknowledged, acknowledged + 10));
      await opened.view.applyAll(opened.log);
      applied = acknowledged + 10;
      if (acknowledged % 50 === 40) {
        await opened.publish();
        await opened.view.applyAll(opened.log);
      }
    }
    await asking;
    expect((await opened.json('/metrics/tickets')).merged.opened).toBe(events);
  });
});

describe('the line', () => {
  it('counts an event at the boundary with speed and one below it with batch', async () => {
    house = await openHouse();
    await house.postEvents(range(0, 8));
    await house.publish();
    await house.postEvents(range(8, 20));
    await house.view.applyAll(house.log);
    const { merged, batch, speed } = await house.json('/metrics/tickets');
    expect([merged.opened, batch.opened, speed.opened]).toEqual([20, 8, 12]);
  });

  it('gives 503 and no number when the segment at the boundary is missing', async () => {
    house = await openHouse();
    await house.postEvents(range(0, 40));
    await house.publish();
    await house.postEvents(range(40, 80));
    // Reading began in the midst: the segments do not start at the boundary.
    await house.view.begin((await house.log.endOffsets()).map((offset) => offset - 1));
    await house.view.applyAll(house.log);
    for (const layer of ['', '?layer=merged', '?layer=speed']) {
      const response = await house.get(`/metrics/tickets${layer}`);
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('1');
      expect((await problemOf(response)).reason).toContain('no segment that starts at the boundary');
    }
    expect((await house.json('/metrics/tickets?layer=batch')).batch.opened).toBe(40);
    expect((await house.get('/ready')).status).toBe(503);
  });

  it('gives 503 while the realtime view is cold, but batch answers', async () => {
    house = await openHouse();
    await house.view.setCold('it is being rebuilt');
    const response = await house.get('/metrics/tickets');
    expect(response.status).toBe(503);
    expect((await problemOf(response)).detail).toContain('it is being rebuilt');
    expect((await house.get('/metrics/tickets?layer=batch')).status).toBe(200);
    const ready = await house.get('/ready');
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await problemOf(ready)).reasons?.[0]).toContain('it is being rebuilt');
  });

  it.each([
    ['is silent', () => new Promise<never>(() => {})],
    ['is away', () => Promise.reject(new TandemError('unavailable', 'no broker answers'))],
  ])('is given while the log %s, and its lag is unknown', async (_what, writtenEnds) => {
    house = await openHouse({ wrapLog: (log) => overriding(log, { writtenEnds }) });
    await house.postEvents(range(0, 40));
    await house.publish();
    await house.postEvents(range(40, 80));
    await house.view.applyAll(house.log);
    for (let question = 0; question < 3; question++) {
      const { merged, freshness, status } = await house.json('/metrics/tickets');
      expect([merged.opened, freshness.speed_lag_events, status]).toEqual([80, null, 'complete']);
    }
    for (const path of ['/compare/tickets', '/ledger', '/ready']) expect((await house.get(path)).status).toBe(200);
  });

  it('stays right after a rollback, as the older segments are still there', async () => {
    house = await openHouse();
    for (let run = 0; run < 3; run++) {
      await house.postEvents(range(run * 10, run * 10 + 10));
      await house.publish();
    }
    await house.view.applyAll(house.log);
    for (const expected of [20, 10, 0]) {
      expect((await house.post('/batch/rollback', '')).status).toBe(200);
      const { merged, batch } = await house.json('/metrics/tickets');
      expect([merged.opened, batch.opened]).toEqual([30, expected]);
    }
    expect((await house.post('/batch/rollback', '')).status).toBe(409);
  });

  it('does not remember an answer beyond its run and its version of the realtime view', async () => {
    house = await openHouse();
    for (let count = 1; count <= 5; count++) {
      await house.postEvents([opened(count)]);
      await house.view.applyAll(house.log);
      expect((await house.json('/metrics/tickets')).merged.opened).toBe(count);
      await house.publish();
      expect((await house.json('/metrics/tickets')).batch.opened).toBe(count);
    }
  });

  it('refuses to answer from a run that was computed with another definition', async () => {
    house = await openHouse();
    await house.postEvents(range(0, 5));
    await house.publish();
    await house.view.applyAll(house.log);
    await house.database.query(`UPDATE tandem.batch_run SET definitions = '{"revenue": "00000000"}' WHERE id = 1`);
    const response = await house.get('/metrics/tickets');
    expect(response.status).toBe(503);
    expect((await problemOf(response)).detail).toContain('POST /batch/runs');
    expect((await problemOf(await house.get('/ready'))).reasons).toHaveLength(house.metrics.length);
  });

  it('does not use rows of a run that was dropped while they were read', async () => {
    house = await openHouse();
    await house.publish();
    await house.view.applyAll(house.log);
    await house.database.query('UPDATE tandem.batch_run SET kept = false WHERE id = 1');
    const response = await house.get('/metrics/tickets');
    expect(response.status).toBe(503);
    expect((await problemOf(response)).reason).toContain('dropped');
  });
});
