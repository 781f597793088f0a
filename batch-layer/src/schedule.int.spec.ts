import { describe, expect, it } from '@jest/globals';
import { createLogger, type RunMode, type RunRequest, type RunStore, type RunTrigger } from '@tandem/shared';
import { isSchedule, requestRun, startSchedule } from './schedule.js';

const EVERY_SECOND = '* * * * * *';
const logger = createLogger('batch-layer', 'silent');

/** A run store that only takes requests, and answers as told. */
function storeThat(answer: () => Promise<RunRequest>) {
  const requests: [RunMode, RunTrigger][] = [];
  const request = (mode: RunMode, trigger: RunTrigger) => {
    requests.push([mode, trigger]);
    return answer();
  };
  return { requests, store: { request } as unknown as RunStore };
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 100 && !isTrue(); attempt++) await new Promise((resolve) => setTimeout(resolve, 100));
}

describe('the schedule', () => {
  it('asks for an incremental run at each slot until stopped', async () => {
    const { requests, store } = storeThat(async () => ({ accepted: true, id: 1 }));
    const schedule = startSchedule(EVERY_SECOND, store, logger);
    await until(() => requests.length >= 2);
    await schedule.stop();
    expect(requests.slice(0, 2)).toEqual([
      ['incremental', 'schedule'],
      ['incremental', 'schedule'],
    ]);
    const asked = requests.length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(requests).toHaveLength(asked);
  });

  it('goes on after a slot that found a run active, and after one that failed', async () => {
    const answers = [
      async (): Promise<RunRequest> => ({ accepted: false, activeId: 4 }),
      () => Promise.reject(new Error('Postgres is away')),
    ];
    const { requests, store } = storeThat(() =>
      (answers.shift() ?? (async () => ({ accepted: true, id: 5 }) as const))(),
    );
    const schedule = startSchedule(EVERY_SECOND, store, logger);
    await until(() => requests.length >= 3);
    await schedule.stop();
    expect(requests.length).toBeGreaterThanOrEqual(3);
  });

  it('never throws when a run cannot be asked for', async () => {
    const { store } = storeThat(() => Promise.reject(new Error('Postgres is away')));
    await expect(requestRun(store, logger)).resolves.toBeUndefined();
  });

  it('can be off', async () => {
    const { requests, store } = storeThat(async () => ({ accepted: true, id: 1 }));
    const schedule = startSchedule('off', store, logger);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await schedule.stop();
    expect(requests).toEqual([]);
  });

  it('knows what can be a schedule', () => {
    expect(['off', '*/5 * * * *', '0 3 * * 1'].map(isSchedule)).toEqual([true, true, true]);
    expect(['', 'never', '61 * * * *'].map(isSchedule)).toEqual([false, false, false]);
  });
});
