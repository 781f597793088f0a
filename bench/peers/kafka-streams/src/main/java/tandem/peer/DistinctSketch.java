package tandem.peer;

import java.util.Arrays;

/** A KMV sketch: of all 52-bit hashes added, the SIZE smallest; exact below SIZE. The same state as the speed layer's. */
final class DistinctSketch {
  static final int SIZE = 4096;
  private static final long HASH_SPACE = 1L << 52;

  /** Open hash table of hash + 1; 0 is empty. Hashes are random, so their low bits will do. */
  private long[] slots = new long[4];
  private int size;
  private long theta = HASH_SPACE;

  /** False when it was there already, or is too large to count. */
  boolean add(long hash) {
    if (hash >= theta || !put(hash)) return false;
    if (size >= 2 * SIZE) trim();
    return true;
  }

  /** Number of distinct values: exact below SIZE, else a rounded estimate. */
  long count() {
    if (size < SIZE) return size;
    long[] smallest = smallest();
    return Math.round((SIZE - 1) / (smallest[SIZE - 1] / (double) HASH_SPACE));
  }

  private boolean put(long hash) {
    int mask = slots.length - 1;
    int slot = (int) hash & mask;
    while (slots[slot] != 0) {
      if (slots[slot] == hash + 1) return false;
      slot = slot + 1 & mask;
    }
    slots[slot] = hash + 1;
    if (++size * 4 > slots.length * 3) rehash(slots, slots.length * 2);
    return true;
  }

  private void rehash(long[] held, int length) {
    slots = new long[length];
    size = 0;
    for (long value : held) if (value != 0) put(value - 1);
  }

  private void trim() {
    long[] smallest = smallest();
    theta = smallest[SIZE - 1];
    for (int at = 0; at < SIZE; at++) smallest[at]++;
    rehash(smallest, slots.length);
  }

  /** Ascending; only the first SIZE of them. */
  private long[] smallest() {
    long[] sorted = new long[size];
    int count = 0;
    for (long value : slots) if (value != 0) sorted[count++] = value - 1;
    Arrays.sort(sorted);
    return Arrays.copyOf(sorted, SIZE);
  }
}
