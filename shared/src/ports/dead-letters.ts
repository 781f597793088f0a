/** A record that is no event: its bytes, position and why. */
export type DeadLetter = {
  readonly partition: number;
  readonly offset: number;
  readonly value: Uint8Array | null;
  readonly path: string;
  readonly reason: string;
};

/** Most bytes of a value that a list shows: a record may have any size, and a list many of them. */
export const MAX_LISTED_BYTES = 4_096;

/** A dead letter in a list: `value` is cut to its first MAX_LISTED_BYTES; `size` is its whole length in bytes. */
export type ListedLetter = DeadLetter & { readonly size: number };

/** Where invalid records are kept, so that the partition can go on. */
export interface DeadLetters {
  /** Keeps them; idempotent by position: both layers may put the same. */
  put(letters: readonly DeadLetter[]): Promise<void>;
  /** Latest first, at most `limit`, and how many there are in all. */
  list(limit: number): Promise<{ readonly total: number; readonly letters: readonly ListedLetter[] }>;
  /** Leaves no connection that is its own. Idempotent. */
  close(): Promise<void>;
}
