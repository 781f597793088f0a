/** The right to run, held by one process at a time. */
export interface Lease {
  /** Grows with every holder: writes that carry an older one are refused (fencing). */
  readonly token: number;
  /** Aborted, with `fenced` as reason, once the lease could not be renewed. The token decides; this spares useless work. */
  readonly lost: AbortSignal;
  /** Gives the lease back. Idempotent; never throws. */
  release(): Promise<void>;
}

export interface LeaseDesk {
  /** Takes the lease, or returns undefined while a live holder has it. Throws `unavailable`. */
  take(): Promise<Lease | undefined>;
}
