import type { PublishedRun } from '@tandem/shared';
import type { AnswerSources, BasisReader } from './answer-query.js';
import { compareStretch, type Parts, type Stretch, segmentsBetween } from './compare-stretch.js';
import { refuseDoubt } from './log-doubt.js';
import { segmentsAbove } from './merge-views.js';
import type { ArchiveTally, BatchTally } from './ports/batch-view-reader.js';
import type { Query } from './query/query.js';

/** Why speed and batch differ, counted in records over the whole stretch, whatever is filtered. */
export type Causes = {
  /** Copies that batch dropped and speed did not: too far behind, or in a partition that another worker reads. */
  readonly duplicates_missed: number;
  /** Among batch's duplicates, copies that differed: batch counts the one with the lowest offset, speed the first it reads. */
  readonly conflicts: number;
  /** Records that speed refused and batch did not. */
  readonly refused_by_speed: number;
  /** Records that lie in the stretch and that speed did not read. */
  readonly lost_by_speed: number;
};

export type Comparison = {
  readonly query: Query;
  /** From the boundary of `before` to that of `run`; null while no two runs are kept to compare. */
  readonly closed: (Stretch & { readonly before: PublishedRun; readonly causes: Causes }) | null;
  readonly run: PublishedRun;
  /** From the current boundary to where speed has come. */
  readonly live: Stretch;
};

/** What batch says of two runs, and how it came to it. */
type Found = {
  readonly before: PublishedRun;
  readonly partsBefore: Parts;
  readonly tallies: readonly BatchTally[];
  readonly talliesBefore: readonly BatchTally[];
  readonly archived: readonly ArchiveTally[];
};

/** Compares what speed had said of the last closed stretch of log with what batch then found. */
export class Comparer {
  readonly #sources: AnswerSources;
  readonly #basis: BasisReader;

  constructor(sources: AnswerSources, basis: BasisReader) {
    this.#sources = sources;
    this.#basis = basis;
  }

  /**
   * As for every answer, the run is read first and the realtime view last.
   * Throws `not-provable` when the realtime view does not hold the whole stretch: then nothing can be compared.
   */
  async compare(query: Query): Promise<Comparison> {
    refuseDoubt(this.#sources.doubts);
    const run = await this.#sources.runs.current();
    const parts = await this.#parts(run, query);
    const found = await this.#find(run, query);
    const view = await this.#sources.store.view();
    const live = compareStretch({
      query,
      from: run.boundary,
      to: run.boundary.map((offset, partition) => Math.max(offset, view.partitions[partition]?.applied ?? 0)),
      segments: segmentsAbove(view, run.boundary).flat(),
      before: parts,
      after: null,
    });
    if (!found) return { query, run, closed: null, live };
    const { before, partsBefore } = found;
    const [from, to] = [before.boundary, run.boundary];
    const segments = segmentsBetween(view, from, to);
    const closed = compareStretch({ query, from, to, segments, before: partsBefore, after: parts });
    return { query, run, live, closed: { ...closed, before, causes: causesOf(closed, found) } };
  }

  /** Null while no run older than the given one is kept. */
  async #find(run: PublishedRun, query: Query): Promise<Found | null> {
    const { runs, reader } = this.#sources;
    // Newest first: the first one older than the current run is the one that it followed.
    const before = (await runs.kept()).find(({ id }) => id < run.id);
    if (!before) return null;
    return {
      before,
      partsBefore: await this.#parts(before, query),
      tallies: await reader.tallies(run),
      talliesBefore: await reader.tallies(before),
      archived: await reader.archived(before.boundary, run.boundary),
    };
  }

  async #parts(run: PublishedRun, query: Query): Promise<Parts> {
    const total = { ...query, groupBy: [] };
    return { groups: await this.#basis.batchPart(run, query), total: await this.#basis.batchPart(run, total) };
  }
}

function causesOf({ speedTally, records }: Stretch, { tallies, talliesBefore, archived }: Found): Causes {
  const total = (list: readonly BatchTally[], key: 'duplicate' | 'conflicts') =>
    list.reduce((sum, tally) => sum + tally[key], 0);
  const gained = (key: 'duplicate' | 'conflicts') => total(tallies, key) - total(talliesBefore, key);
  const invalidInBatch = archived.reduce((sum, tally) => sum + tally.invalid, 0);
  return {
    duplicates_missed: gained('duplicate') - speedTally.duplicate,
    conflicts: gained('conflicts'),
    refused_by_speed: speedTally.invalid - invalidInBatch,
    lost_by_speed: records - speedTally.read,
  };
}
