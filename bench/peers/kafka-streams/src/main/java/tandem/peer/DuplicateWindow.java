package tandem.peer;

import java.util.Arrays;

/**
 * The identities (event_id, occurred_at) of one partition's latest events: those at offsets from (g - 1) x reach
 * (inclusive) on, where g is the generation of the newest offset. What it holds depends on the log alone.
 */
final class DuplicateWindow {
  private final int reach;
  private long generation;
  private Identities newer;
  private Identities older;

  DuplicateWindow(int reach) {
    this.reach = reach;
    newer = new Identities(reach);
    older = new Identities(reach);
  }

  /** The first offset (inclusive) that has to be read again for the window to be what it was below `next` (exclusive). */
  long refillFrom(long next) {
    return Math.max(0, (next / reach - 1) * reach);
  }

  /** Adds the event at `offset` (ascending from call to call); true when the window holds a copy of it already. */
  boolean isDuplicate(Event event, long offset) {
    moveTo(offset / reach);
    return !newer.add(event.eventId, event.occurredAt) || older.has(event.eventId, event.occurredAt);
  }

  private void moveTo(long next) {
    if (next == generation) return;
    Identities last = newer;
    newer = older;
    older = last;
    newer.clear();
    if (next != generation + 1) older.clear();
    generation = next;
  }

  /** An open hash table that never grows: a generation has at most `reach` records. */
  private static final class Identities {
    private final String[] ids;
    private final long[] times;
    private final int mask;

    Identities(int reach) {
      int slots = Integer.highestOneBit(Math.max(1, reach)) * 4;
      ids = new String[slots];
      times = new long[slots];
      mask = slots - 1;
    }

    boolean has(String id, long time) {
      return ids[slotOf(id, time)] != null;
    }

    boolean add(String id, long time) {
      int slot = slotOf(id, time);
      if (ids[slot] != null) return false;
      ids[slot] = id;
      times[slot] = time;
      return true;
    }

    void clear() {
      Arrays.fill(ids, null);
    }

    /** Where the identity is, or where it would be. */
    private int slotOf(String id, long time) {
      int slot = spread(id.hashCode()) & mask;
      while (ids[slot] != null && !(times[slot] == time && ids[slot].equals(id))) slot = slot + 1 & mask;
      return slot;
    }

    private static int spread(int hash) {
      int mixed = hash * 0x9E3779B9;
      return mixed ^ mixed >>> 15;
    }
  }
}
