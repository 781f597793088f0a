/** The names of one partition's keys. Its hash tag keeps them on one node of a cluster. */
export class PartitionKeys {
  readonly partition: number;
  readonly #base: string;

  constructor(prefix: string, partition: number) {
    this.partition = partition;
    this.#base = `${prefix}:{p${partition}}`;
  }

  /** Hash: owner, offsets, tallies, and which stretches and states belong to the view. */
  get meta(): string {
    return `${this.#base}:meta`;
  }

  /** List: the latest stretches as they were applied, oldest first; see encodeStretch. */
  get stretches(): string {
    return `${this.#base}:stretches`;
  }

  /** List: the cells of a segment as of the last compaction, in pieces; see encodeCells. */
  state(start: number): string {
    return `${this.#base}:state:${start}`;
  }

  /** List: a state that is still being written. */
  staging(start: number): string {
    return `${this.#base}:staging:${start}`;
  }

  /** Hash: the cells of a segment and metric for people to read. */
  readable(start: number, metric: string): string {
    return `${this.#base}:segment:${start}:${metric}`;
  }

  /** Matches all of the partition's keys and no others. */
  get pattern(): string {
    return `${this.#base.replace(/[\\*?[\]^]/g, '\\$&')}:*`;
  }
}
