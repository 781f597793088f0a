import { describe, expect, it } from '@jest/globals';
import { MergedAnswers } from './merged-answers.js';

const line = (merged: number, batch: number, speed: number) => ({
  merged: { line_items: merged },
  batch: { line_items: batch },
  speed: { line_items: speed },
});

describe('MergedAnswers', () => {
  it('takes answers that are the sum of both layers, grouped or not', () => {
    const answers = new MergedAnswers();
    answers.add(line(3, 3, 0));
    answers.add({ groups: [line(4, 3, 1), line(2, 2, 0)] });
    expect(() => answers.refuseOneSided()).not.toThrow();
  });

  it('refuses one that lacks a part, also within a group', () => {
    const message = 'found 3 merged order lines, 3 of batch and 1 of speed; allowed is their sum';
    expect(() => new MergedAnswers().add(line(3, 3, 1))).toThrow(message);
    expect(() => new MergedAnswers().add({ groups: [line(1, 1, 0), line(3, 3, 1)] })).toThrow(message);
  });

  it('refuses answers in which there was never anything to merge', () => {
    const [onlyBatch, onlySpeed] = [new MergedAnswers(), new MergedAnswers()];
    onlyBatch.add(line(3, 3, 0));
    onlySpeed.add(line(3, 0, 3));
    expect(() => onlyBatch.refuseOneSided()).toThrow('found 3 order lines of batch and 0 of speed');
    expect(() => onlySpeed.refuseOneSided()).toThrow('found 0 order lines of batch and 3 of speed');
    expect(() => new MergedAnswers().refuseOneSided()).toThrow('found 0 order lines of batch and 0 of speed');
  });
});
