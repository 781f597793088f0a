import { describe, expect, it } from '@jest/globals';
import type { Offsets } from '@tandem/shared';
import { LogEnd } from './log-end.js';

const PATIENCE_MS = 20;

/** A log that is asked for its end, and answers each question when the test says so. */
function quietLog() {
  const questions: { answer(end: Offsets): void; refuse(): void }[] = [];
  const writtenEnds = () =>
    new Promise<Offsets>((answer, reject) => {
      questions.push({ answer, refuse: () => reject(new Error('no broker answers')) });
    });
  return { questions, end: new LogEnd({ writtenEnds }, PATIENCE_MS) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the end of the log', () => {
  it('is what the log says', async () => {
    const { questions, end } = quietLog();
    const asked = end.get();
    questions[0]?.answer([3, 4]);
    expect(await asked).toEqual([3, 4]);
  });

  it('is unknown when the log does not answer in time, and then at once, however often it is asked for', async () => {
    const { questions, end } = quietLog();
    expect(await Promise.all([end.get(), end.get()])).toEqual([null, null]);
    const asked = Array.from({ length: 100 }, () => end.get());
    // At once: before any timer can go off.
    expect(await Promise.race([Promise.all(asked), turn()])).toEqual(asked.map(() => null));
    expect(questions).toHaveLength(1);
  });

  it('is unknown when the log cannot say it, and asked for again in the background, one question at a time', async () => {
    const { questions, end } = quietLog();
    const first = end.get();
    questions[0]?.refuse();
    expect(await first).toBeNull();
    expect(await Promise.all([end.get(), end.get()])).toEqual([null, null]);
    expect(questions).toHaveLength(2);
    questions[1]?.refuse();
    await turn();
    expect(await end.get()).toBeNull();
    expect(questions).toHaveLength(3);
  });

  it('is known again once the log has answered, by a new question and not by the late answer', async () => {
    const { questions, end } = quietLog();
    expect(await end.get()).toBeNull();
    expect(await end.get()).toBeNull();
    questions[0]?.answer([1]);
    await turn();
    questions[1]?.answer([2]);
    await turn();
    const asked = end.get();
    questions[2]?.answer([9]);
    expect(await asked).toEqual([9]);
  });
});
