/** What became of the records of a stretch of log: read = folded + duplicate + invalid + barriers, always. Markers count as barriers. */
export type Tally = {
  readonly read: number;
  readonly folded: number;
  /** Of those folded: events that were not compared with all partitions, so that copies of them elsewhere may count too. */
  readonly unchecked: number;
  readonly duplicate: number;
  readonly invalid: number;
  readonly barriers: number;
};

export const ZERO_TALLY: Tally = { read: 0, folded: 0, unchecked: 0, duplicate: 0, invalid: 0, barriers: 0 };

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    read: a.read + b.read,
    folded: a.folded + b.folded,
    unchecked: a.unchecked + b.unchecked,
    duplicate: a.duplicate + b.duplicate,
    invalid: a.invalid + b.invalid,
    barriers: a.barriers + b.barriers,
  };
}

/** Records read less records accounted for: anything but 0 means that something was lost or counted twice. */
export function offBy({ read, folded, duplicate, invalid, barriers }: Tally): number {
  return read - (folded + duplicate + invalid + barriers);
}
