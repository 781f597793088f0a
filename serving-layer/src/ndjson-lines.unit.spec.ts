import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from './ndjson-lines.js';

const MAX_BYTES = 20;

function split(chunks: readonly Buffer[]): readonly (string | null)[] {
  const splitter = new LineSplitter(MAX_BYTES);
  const lines = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
  return lines.map((line) => line?.toString('utf8') ?? null);
}

/** The bytes cut at the given places. */
function cutAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

describe('lines', () => {
  it('are the same however the bytes are cut into chunks', () => {
    const text = fc.array(fc.constantFrom('a', 'é', '🎁', '\n', '\r\n', '{}', 'long line '), { maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 8 }), (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''));
        const expected = pieces.join('').split('\n');
        if (expected.at(-1) === '') expected.pop();
        expect(split(cutAt(bytes, cuts))).toEqual(
          expected.map((line) => (Buffer.byteLength(line) > MAX_BYTES ? null : line.replace(/\r$/, ''))),
        );
      }),
    );
  });

  it('end without a newline at the end', () => {
    expect(split([Buffer.from('a\nb')])).toEqual(['a', 'b']);
  });

  it('that are too long are let go, and the next one is whole', () => {
    expect(split([Buffer.from('x'.repeat(15)), Buffer.from('y'.repeat(15)), Buffer.from('\nnext\n')])).toEqual([
      null,
      'next',
    ]);
  });
});
