import { describe, expect, it } from '@jest/globals';
import { parsePostmaster } from './postmaster-file.js';

describe('the file postmaster.pid', () => {
  it('gives process, port and whether the server is ready', () => {
    const text = '4711\n/data/cluster\n1767225600\n5433\n\n127.0.0.1\n  12345 67\nready   \n';
    expect(parsePostmaster(text)).toEqual({ pid: 4711, port: 5433, isReady: true });
  });

  it('is not ready while the server starts', () => {
    expect(parsePostmaster('4711\n/data/cluster\n1\n5433\n\n127.0.0.1\n1 2\nstarting\n')?.isReady).toBe(false);
    expect(parsePostmaster('4711\n')?.isReady).toBe(false);
  });

  it.each(['', 'nonsense', '-4711', '0', '1'])('names no process when it begins with %j', (text) => {
    expect(parsePostmaster(text)).toBeUndefined();
  });
});
