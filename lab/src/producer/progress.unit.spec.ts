import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createProgress } from './progress.js';

function show(isTTY: boolean, rowCounts: readonly number[]): string {
  let nowMs = 0;
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 120 });
  const progress = createProgress({ stream, total: 1_000_000, unit: 'rows', nowMs: () => nowMs });
  for (const rows of rowCounts) {
    nowMs += 2_000;
    progress.update(rows, rows);
  }
  progress.stop();
  return String(stream.read() ?? '');
}

describe('progress', () => {
  it('is a bar with share, rows and rate on a terminal', () => {
    expect(show(true, [250_000, 500_000])).toMatch(/50 % {2}500,000 rows {2}125,000\/s/);
  });

  it('is a line for each hundred thousand rows elsewhere, without control characters', () => {
    expect(show(false, [90_000, 130_000, 190_000, 200_000])).toBe(
      '13 %  130,000 rows  32,500/s\n20 %  200,000 rows  25,000/s\n',
    );
  });
});
