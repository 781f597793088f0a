import { describe, expect, it } from '@jest/globals';
import type { Row } from '../benchmark.js';
import { formatSpread, verdictOf } from './format.js';
import { measureAgainst, measurePairs, oursOverPeer, peerOverOurs } from './pairs.js';
import { sectionOf, sectionsIn } from './report.js';
import { quantileOf, spreadOf } from './spread.js';

const at = (median: number) => ({ median, min: median, max: median });
const row = (facts: Partial<Row>): Row => ({ what: 'work', unit: 's', ours: at(3), ...facts });

describe('spreadOf', () => {
  it('is the value in the middle of an odd count, with the least and the greatest', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
  });

  it('is the mean of the two in the middle of an even count', () => {
    expect(spreadOf([8, 2, 4, 100])).toEqual({ median: 6, min: 2, max: 100 });
  });

  it('refuses to say anything about nothing', () => {
    expect(() => spreadOf([])).toThrow('found no values');
  });
});

describe('quantileOf', () => {
  it('is a value that was measured, not one in between', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(quantileOf(values, 0.99)).toBe(99);
    expect(quantileOf([7], 0.5)).toBe(7);
  });
});

describe('measurePairs', () => {
  it('measures ours and peer in turn and leaves the warm-up out', async () => {
    const order: string[] = [];
    const values = { ours: [1000, 2, 4, 6], peer: [1, 1, 2, 2] };
    const take = (side: 'ours' | 'peer') => async () => {
      order.push(side);
      return values[side].shift() ?? Number.NaN;
    };
    const measured = await measurePairs({
      pairs: 3,
      ours: take('ours'),
      peer: take('peer'),
      ratio: oursOverPeer,
      say: () => {},
    });
    expect(order).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    expect(measured.ours).toEqual({ median: 4, min: 2, max: 6 });
    expect(measured.ratio).toEqual({ median: 2, min: 2, max: 3 });
  });

  it('measures several peers in one round, and begins at once where nothing has to warm up', async () => {
    const sides = [6, 2, 3].map((value) => async () => value);
    const [ours, ...peers] = sides;
    if (!ours) throw new Error('no side');
    const options = { pairs: 1, ours, peers, ratio: oursOverPeer, isWarmUpNeeded: false, say: () => {} };
    expect((await measureAgainst(options)).map(({ ratio }) => ratio.median)).toEqual([3, 2]);
  });

  it('knows both directions of a ratio', () => {
    expect(oursOverPeer(2, 8)).toBe(0.25);
    expect(peerOverOurs(2, 8)).toBe(4);
  });
});

describe('verdictOf', () => {
  it('judges the ratio where there is a peer', () => {
    const facts = { peer: at(10), ratio: at(0.7) };
    expect(verdictOf(row({ ...facts, goal: { atLeast: 0.7 } }))).toBe('reached');
    expect(verdictOf(row({ ...facts, goal: { atLeast: 0.71 } }))).toBe('missed');
  });

  it('judges the measurement itself where there is none', () => {
    expect(verdictOf(row({ goal: { atMost: 3 } }))).toBe('reached');
    expect(verdictOf(row({ goal: { atMost: 2.9 } }))).toBe('missed');
  });

  it('says nothing where nothing was aimed at', () => {
    expect(verdictOf(row({}))).toBe('');
  });
});

describe('the report', () => {
  const outcome = { sizes: 'Ten events.', rows: [row({ goal: { atMost: 1 } })], limits: 'the disk.' };
  const section = (name: string) =>
    sectionOf({ name, title: 'a title', run: async () => outcome }, outcome, '2 cores, Node 20');

  it('names sizes, command and machine, and shows each row with its verdict', () => {
    expect(section('replay')).toContain('Ten events. `npm run bench -- replay` on 2 cores, Node 20.');
    expect(section('replay')).toContain('| work | 3.00 (3.00–3.00) s |  |  | ≤ 1 | missed |');
    expect(section('replay')).toContain('What limits it: the disk.');
  });

  it('finds its own sections again by their names', () => {
    const report = `# What was measured\n\nBefore.\n\n${section('replay')}\n${section('query')}`;
    expect([...sectionsIn(report).keys()]).toEqual(['replay', 'query']);
    expect(sectionsIn(report).get('query')).toBe(section('query'));
  });
});

describe('formatSpread', () => {
  it('rounds to what a reader can use', () => {
    expect(formatSpread({ median: 312_345, min: 305_678, max: 320_001 }, 'records/s')).toBe(
      '312,000 (306,000–320,000)',
    );
    expect(formatSpread({ median: 0.7212, min: 0.7, max: 12.34 })).toBe('0.72 (0.70–12.3)');
  });
});
