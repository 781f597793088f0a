import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger, type RunMode, type RunRequest, type RunStore, type RunTrigger } from '@tandem/shared';
import { requestRun, startSchedule } from './schedule.js';

const MINUTE_MS = 60_000;
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

/** Lets the clock of this process pass so many minutes from a time on, with a schedule running. */
async function passing(startAt: string, minutes: number, expression: string, store: RunStore): Promise<void> {
  jest.useFakeTimers({ now: new Date(startAt) });
  const schedule = startSchedule(expression, store, logger);
  await jest.advanceTimersByTimeAsync(minutes * MINUTE_MS);
  await schedule.stop();
  await jest.advanceTimersByTimeAsync(60 * MINUTE_MS);
}

const accepted = async (): Promise<RunRequest> => ({ accepted: true, id: 1 });

describe('the schedule', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('asks for an incremental run at each slot until stopped', async () => {
    const { requests, store } = storeThat(accepted);
    await passing('2026-11-25T10:00:30Z', 3, '* * * * *', store);
    expect(requests).toEqual([
      ['incremental', 'schedule'],
      ['incremental', 'schedule'],
      ['incremental', 'schedule'],
    ]);
  });

  it.each([
    ['* * 1 * 3', '2026-11-25T10:00:30Z', 5, 5, 'a Wednesday that is not the 1st'],
    ['* * 1 * 3', '2026-12-01T10:00:30Z', 5, 5, 'a 1st that is no Wednesday'],
    ['* * 25 * 3', '2026-11-25T10:00:30Z', 5, 5, 'both, which is one run a slot'],
    ['* * 1 * 3', '2026-11-26T10:00:30Z', 5, 0, 'neither'],
    ['0 0 1 * 1', '2026-11-24T12:00:00Z', 10 * 24 * 60, 2, 'ten days with one Monday and one 1st'],
  ])('%s from %s asks in %i minutes for %i runs: %s', async (expression, startAt, minutes, runs) => {
    const { requests, store } = storeThat(accepted);
    await passing(startAt, minutes, expression, store);
    expect(requests).toHaveLength(runs);
  });

  it('goes on after a slot that found a run active, and after one that failed', async () => {
    const answers = [
      async (): Promise<RunRequest> => ({ accepted: false, activeId: 4 }),
      () => Promise.reject(new Error('Postgres is away')),
    ];
    const { requests, store } = storeThat(() => (answers.shift() ?? accepted)());
    await passing('2026-11-25T10:00:30Z', 3, '* * * * *', store);
    expect(requests).toHaveLength(3);
  });

  it('never throws when a run cannot be asked for', async () => {
    const { store } = storeThat(() => Promise.reject(new Error('Postgres is away')));
    await expect(requestRun(store, logger)).resolves.toBeUndefined();
  });

  it.each(['off', ' OFF '])('can be %j', async (expression) => {
    const { requests, store } = storeThat(accepted);
    await passing('2026-11-25T10:00:30Z', 3, expression, store);
    expect(requests).toEqual([]);
  });

  it('does not begin with what cannot be one', () => {
    const { store } = storeThat(accepted);
    expect(() => startSchedule('* * * * * *', store, logger)).toThrow('a field of seconds is not taken');
  });
});
