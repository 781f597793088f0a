import { type Spread, spreadOf } from './spread.js';

export type Measured = { readonly ours: Spread; readonly peer: Spread; readonly ratio: Spread };

/** Of one pair. */
export type Ratio = (ours: number, peer: number) => number;
export const oursOverPeer: Ratio = (ours, peer) => ours / peer;
export const peerOverOurs: Ratio = (ours, peer) => peer / ours;

/** Does the work once and returns what was measured: seconds, or a rate. */
export type Side = () => Promise<number>;

export type PairOptions = {
  readonly pairs: number;
  readonly ours: Side;
  readonly peer: Side;
  readonly ratio: Ratio;
  /** False where both sides have just done it once anyway. True when absent. */
  readonly isWarmUpNeeded?: boolean;
  readonly say: (line: string) => void;
};

/** Measures ours, peer, ours, peer …: what changes about the machine meanwhile meets both. */
export async function measurePairs({ peer, ...options }: PairOptions): Promise<Measured> {
  const [measured] = await measureAgainst({ ...options, peers: [peer] });
  if (!measured) throw new RangeError('found no peer; one is needed');
  return measured;
}

/**
 * Measures ours and each peer in turn, over and over; one round first that does not count, if need be.
 * Per peer: the ratio's median is the median of its pairs' ratios.
 */
export async function measureAgainst(
  options: Omit<PairOptions, 'peer'> & { readonly peers: readonly Side[] },
): Promise<readonly Measured[]> {
  const { pairs, ours, peers, ratio, isWarmUpNeeded = true, say } = options;
  const rounds: { readonly ours: number; readonly peers: readonly number[] }[] = [];
  for (let round = isWarmUpNeeded ? 0 : 1; round <= pairs; round++) {
    const taken = { ours: await ours(), peers: await inTurn(peers) };
    const ratios = taken.peers.map((peer) => ratio(taken.ours, peer).toFixed(3));
    say(`${round === 0 ? 'warm-up' : `pair ${round} of ${pairs}`}: ratio ${ratios.join(', ')}`);
    if (round > 0) rounds.push(taken);
  }
  return peers.map((_, index) => {
    const taken = rounds.map((round) => ({ ours: round.ours, peer: round.peers[index] ?? Number.NaN }));
    return {
      ours: spreadOf(taken.map((pair) => pair.ours)),
      peer: spreadOf(taken.map((pair) => pair.peer)),
      ratio: spreadOf(taken.map((pair) => ratio(pair.ours, pair.peer))),
    };
  });
}

async function inTurn(sides: readonly Side[]): Promise<readonly number[]> {
  const measured: number[] = [];
  for (const side of sides) measured.push(await side());
  return measured;
}

/** Seconds that the work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}
