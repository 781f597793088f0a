import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Offsets } from '../offsets.js';
import type { RunStore } from '../ports/run-store.js';

/** A store of a log with 4 partitions, with only run 0 in it. */
export type RunStoreSubject = {
  readonly runs: RunStore;
  /** What the batch layer does at the end of the active run: publishes it, makes it current, keeps the last 3. */
  publishActive(boundary: Offsets, definitions: Readonly<Record<string, string>>): Promise<void>;
  failActive(error: { readonly code: string; readonly message: string }): Promise<void>;
  close(): Promise<void>;
};

/** What every adapter of RunStore must do. */
export function describeRunStore(name: string, createSubject: () => Promise<RunStoreSubject>): void {
  describe(`${name}, as a run store,`, () => {
    let subject: RunStoreSubject;
    let runs: RunStore;
    beforeEach(async () => {
      subject = await createSubject();
      runs = subject.runs;
    });
    afterEach(() => subject.close());

    const publish = async (boundary: Offsets, definitions: Readonly<Record<string, string>> = {}): Promise<number> => {
      const request = await runs.request('incremental', 'manual');
      await subject.publishActive(boundary, definitions);
      return request.accepted ? request.id : -1;
    };
    const keptIds = async () => (await runs.kept()).map(({ id }) => id);

    it('begins with run 0, empty and current, at the beginning of the log', async () => {
      expect(await runs.current()).toMatchObject({ id: 0, boundary: [0, 0, 0, 0], definitions: null });
      expect((await runs.current()).publishedAt).toBeInstanceOf(Date);
      expect(await keptIds()).toEqual([0]);
      expect(await runs.list(10)).toEqual([]);
    });

    it('accepts one request and names the active run to every other', async () => {
      const requests = await Promise.all(Array.from({ length: 50 }, () => runs.request('full', 'manual')));
      const accepted = requests.flatMap((request) => (request.accepted ? [request.id] : []));
      const active = requests.flatMap((request) => (request.accepted ? [] : [request.activeId]));
      expect(accepted).toHaveLength(1);
      expect(active).toEqual(Array.from({ length: 49 }, () => accepted[0]));
    });

    it('tells what was asked for, before it has begun', async () => {
      const request = await runs.request('full', 'schedule');
      const [run] = await runs.list(10);
      expect(run).toEqual({
        id: request.accepted ? request.id : -1,
        mode: 'full',
        trigger: 'schedule',
        state: 'requested',
        requestedAt: expect.any(Date),
        startedAt: null,
        finishedAt: null,
        boundary: null,
        baseRun: null,
        rowsRead: 0,
        duplicates: 0,
        conflicts: 0,
        daysRecomputed: 0,
        durationsMs: {},
        waiting: null,
        error: null,
        kept: false,
      });
      expect(await runs.get(run?.id ?? -1)).toEqual(run);
    });

    it('knows no run that was never asked for', async () => {
      expect(await runs.get(12345)).toBeUndefined();
      expect(await runs.get(Number.NaN)).toBeUndefined();
      expect(await runs.get(2 ** 70)).toBeUndefined();
    });

    it('accepts the next request when the active run is published, or has failed', async () => {
      const first = await publish([1, 2, 3, 4]);
      expect(await runs.request('full', 'manual')).toMatchObject({ accepted: true });
      await subject.failActive({ code: 'corrupt', message: 'a file' });
      const [failed] = await runs.list(1);
      expect(failed).toMatchObject({ state: 'failed', error: { code: 'corrupt', message: 'a file' }, kept: false });
      expect(await runs.request('full', 'manual')).toMatchObject({ accepted: true });
      expect((await runs.current()).id).toBe(first);
    });

    it('has the published run as current, with its exclusive boundary and definitions', async () => {
      const boundary = [5, 2 ** 40, 0, 7];
      const id = await publish(boundary, { revenue: 'abcd1234' });
      expect(await runs.current()).toMatchObject({ id, boundary, definitions: { revenue: 'abcd1234' } });
      expect(await runs.get(id)).toMatchObject({ state: 'published', boundary, kept: true, baseRun: 0 });
    });

    it('lists newest first up to a limit, and keeps the last three published', async () => {
      const ids = [await publish([1, 1, 1, 1]), await publish([2, 2, 2, 2]), await publish([3, 3, 3, 3])];
      expect(await keptIds()).toEqual([...ids].reverse());
      expect((await runs.list(2)).map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    });

    it('rolls back to the kept run before, and no further than the oldest', async () => {
      const first = await publish([1, 1, 1, 1]);
      await publish([2, 2, 2, 2]);
      expect(await runs.rollback()).toMatchObject({ id: first, boundary: [1, 1, 1, 1] });
      expect(await runs.current()).toMatchObject({ id: first });
      expect(await runs.rollback()).toMatchObject({ id: 0 });
      await expect(runs.rollback()).rejects.toMatchObject({ code: 'conflict' });
      expect(await runs.current()).toMatchObject({ id: 0 });
    });

    it('rolls back from the run that is named only while it is current, and names the current one otherwise', async () => {
      const first = await publish([1, 1, 1, 1]);
      const second = await publish([2, 2, 2, 2]);
      for (const from of [first, 0, second + 1, 2 ** 50]) {
        await expect(runs.rollback(from)).rejects.toMatchObject({ code: 'conflict', facts: { current: second } });
      }
      expect((await runs.current()).id).toBe(second);
      expect(await runs.rollback(second)).toMatchObject({ id: first });
      await expect(runs.rollback(second)).rejects.toMatchObject({ code: 'conflict', facts: { current: first } });
      expect((await runs.current()).id).toBe(first);
    });

    it('goes back one run when many ask at once to go back from the same', async () => {
      const first = await publish([1, 1, 1, 1]);
      const second = await publish([2, 2, 2, 2]);
      const answers = await Promise.allSettled(Array.from({ length: 20 }, () => runs.rollback(second)));
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await runs.current()).id).toBe(first);
    });

    it('does not roll back while a run is active', async () => {
      await publish([1, 1, 1, 1]);
      await runs.request('full', 'manual');
      await expect(runs.rollback()).rejects.toMatchObject({ code: 'conflict' });
      expect((await runs.current()).id).not.toBe(0);
    });
  });
}
