import {
  addTallies,
  coldReason,
  type Offsets,
  offBy,
  type RealtimeViewStore,
  type RunStore,
  type Tally,
  ZERO_TALLY,
} from '@tandem/shared';
import { type Doubts, refuseDoubt } from './log-doubt.js';
import type { BatchViewReader } from './ports/batch-view-reader.js';

/** What became of the records of one partition from `from` (inclusive) to `to` (exclusive). */
export type LedgerLine = Tally & {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** Records read less records accounted for: anything but 0 means that something was lost or counted twice. */
  readonly off_by: number;
};

export type Ledger = {
  /** True when every line of both layers is off by 0. */
  readonly balanced: boolean;
  readonly batch: { readonly run: number; readonly partitions: readonly LedgerLine[] };
  readonly speed: { readonly cold: string | null; readonly partitions: readonly LedgerLine[] };
};

export type LedgerSources = {
  readonly doubts: Doubts;
  readonly runs: RunStore;
  readonly store: RealtimeViewStore;
  readonly reader: BatchViewReader;
};

/** The account of both layers: batch from run 0, where the log began, to the current boundary; speed over all its segments. */
export async function readLedger({ doubts, runs, store, reader }: LedgerSources): Promise<Ledger> {
  refuseDoubt(doubts);
  const [run, origin] = [await runs.current(), await runs.get(0)];
  const batch = await batchLines(reader, origin?.boundary ?? run.boundary.map(() => 0), run);
  const view = await store.view();
  const speed = view.partitions.map(({ from, applied, segments }, partition) => {
    const tally = segments.reduce((sum, segment) => addTallies(sum, segment.tally), ZERO_TALLY);
    return ledgerLine(partition, from, applied, tally);
  });
  const balanced = [...batch, ...speed].every(({ off_by }) => off_by === 0);
  return { balanced, batch: { run: run.id, partitions: batch }, speed: { cold: coldReason(view), partitions: speed } };
}

async function batchLines(
  reader: BatchViewReader,
  start: Offsets,
  run: Awaited<ReturnType<RunStore['current']>>,
): Promise<readonly LedgerLine[]> {
  const [tallies, archived] = [await reader.tallies(run), await reader.archived(start, run.boundary)];
  return run.boundary.map((boundary, partition) => {
    const view = tallies.find((tally) => tally.partition === partition);
    const archive = archived.find((tally) => tally.partition === partition);
    const from = start[partition] ?? 0;
    return ledgerLine(partition, from, boundary, {
      read: boundary - from,
      folded: view?.folded ?? 0,
      unchecked: 0,
      duplicate: view?.duplicate ?? 0,
      invalid: archive?.invalid ?? 0,
      barriers: archive?.barriers ?? 0,
    });
  });
}

function ledgerLine(partition: number, from: number, to: number, tally: Tally): LedgerLine {
  // Offsets have no gaps, so the width of the stretch is a second, independent count of what was read.
  const unread = to - from - tally.read;
  return { partition, from, to, ...tally, off_by: offBy(tally) + unread };
}
