import { type Spread, spreadOf } from './spread.js';

export type Measured = { readonly ours: Spread; readonly peer: Spread; readonly ratio: Spread };

export type PairOptions = {
  readonly pairs: number;
  /** Does the work once and returns what was measured: seconds, or a rate. */
  readonly ours: () => Promise<number>;
  readonly peer: () => Promise<number>;
  /** Of one pair. */
  readonly ratio: (ours: number, peer: number) => number;
  readonly say: (line: string) => void;
};

/**
 * Measures ours, peer, ours, peer …: what changes about the machine meanwhile meets both. The first pair warms up and
 * does not count. The ratio's median is the median of the pairs' ratios.
 */
export async function measurePairs({ pairs, ours, peer, ratio, say }: PairOptions): Promise<Measured> {
  const measured: { ours: number; peer: number; ratio: number }[] = [];
  for (let pair = 0; pair <= pairs; pair++) {
    const [a, b] = [await ours(), await peer()];
    say(`${pair === 0 ? 'warm-up' : `pair ${pair} of ${pairs}`}: ratio ${ratio(a, b).toFixed(3)}`);
    if (pair > 0) measured.push({ ours: a, peer: b, ratio: ratio(a, b) });
  }
  return {
    ours: spreadOf(measured.map((pair) => pair.ours)),
    peer: spreadOf(measured.map((pair) => pair.peer)),
    ratio: spreadOf(measured.map((pair) => pair.ratio)),
  };
}

export const oursOverPeer = (ours: number, peer: number): number => ours / peer;
export const peerOverOurs = (ours: number, peer: number): number => peer / ours;

/** Seconds that the work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
