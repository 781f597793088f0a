/** A record that is no event: its bytes, position and why. */
export type DeadLetter = {
  readonly partition: number;
  readonly offset: number;
  readonly value: Uint8Array | null;
  readonly path: string;
  readonly reason: string;
};

/** Where invalid records are kept, so that the partition can go on. */
export interface DeadLetters {
  /** Keeps them; idempotent by position: both layers may put the same. */
  put(letters: readonly DeadLetter[]): Promise<void>;
  /** Latest first, at most `limit`, and how many there are in all. */
  list(limit: number): Promise<{ readonly total: number; readonly letters: readonly DeadLetter[] }>;
}
