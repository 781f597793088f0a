import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DeadLetter, type DeadLetters, MAX_LISTED_BYTES } from '../ports/dead-letters.js';

export type DeadLettersSubject = { readonly deadLetters: DeadLetters; close(): Promise<void> };

const letter = (offset: number, changes: Partial<DeadLetter> = {}): DeadLetter => ({
  partition: 0,
  offset,
  value: Buffer.from(`bytes ${offset}`),
  path: 'amount',
  reason: 'found -1',
  ...changes,
});

/** What every adapter of DeadLetters must do. */
export function describeDeadLetters(name: string, createSubject: () => Promise<DeadLettersSubject>): void {
  describe(`${name}, as dead letters,`, () => {
    let subject: DeadLettersSubject;
    let deadLetters: DeadLetters;
    beforeEach(async () => {
      subject = await createSubject();
      deadLetters = subject.deadLetters;
    });
    afterEach(() => subject.close());

    it('are none at first', async () => {
      expect(await deadLetters.list(10)).toEqual({ total: 0, letters: [] });
      await deadLetters.put([]);
      expect((await deadLetters.list(10)).total).toBe(0);
    });

    it('keep bytes, position, path and reason', async () => {
      const odd = letter(7, { partition: 3, value: Buffer.from([0, 0xff, 0xfe]), path: 'a.b', reason: '"quoted" ü' });
      await deadLetters.put([odd]);
      const { letters } = await deadLetters.list(10);
      expect(letters.map(({ value, ...rest }) => ({ ...rest, value: Buffer.from(value ?? []) }))).toEqual([
        { ...odd, size: 3 },
      ]);
    });

    it('keep a letter without bytes, and one whose reason holds NUL', async () => {
      await deadLetters.put([letter(1, { value: null }), letter(2, { path: 'a\0b', reason: 'found "\0"' })]);
      const { total, letters } = await deadLetters.list(10);
      expect(total).toBe(2);
      expect(letters.find(({ offset }) => offset === 1)?.value).toBeNull();
    });

    it('show the beginning of a large value, and its size', async () => {
      await deadLetters.put([
        letter(1, { value: Buffer.alloc(MAX_LISTED_BYTES + 1, 'x') }),
        letter(2, { value: null }),
      ]);
      const { letters } = await deadLetters.list(10);
      const shown = letters.map(({ offset, value, size }) => [offset, value?.length, size]);
      expect(shown.sort()).toEqual([
        [1, MAX_LISTED_BYTES, MAX_LISTED_BYTES + 1],
        [2, undefined, 0],
      ]);
    });

    it('are the same when put again, in one call or by another layer: the first counts', async () => {
      await deadLetters.put([letter(1), letter(1), letter(2)]);
      await deadLetters.put([letter(2, { reason: 'another' }), letter(3)]);
      const { total, letters } = await deadLetters.list(10);
      expect(total).toBe(3);
      expect(letters.map(({ reason }) => reason)).toEqual(['found -1', 'found -1', 'found -1']);
    });

    it('are listed latest first, up to a limit, with the total', async () => {
      await deadLetters.put([letter(1)]);
      await deadLetters.put([letter(2)]);
      await deadLetters.put([letter(3)]);
      const { total, letters } = await deadLetters.list(2);
      expect([total, ...letters.map(({ offset }) => offset)]).toEqual([3, 3, 2]);
    });

    it('take many at once', async () => {
      await deadLetters.put(Array.from({ length: 2_500 }, (_, offset) => letter(offset)));
      expect((await deadLetters.list(1)).total).toBe(2_500);
    });
  });
}
