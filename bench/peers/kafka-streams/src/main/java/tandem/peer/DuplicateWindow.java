package tandem.peer;

import java.nio.charset.StandardCharsets;
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
    byte[] id = event.eventId.getBytes(StandardCharsets.UTF_8);
    int hash = spread(event.eventId.hashCode());
    return !newer.add(id, hash, event.occurredAt) || older.has(id, hash, event.occurredAt);
  }

  private static int spread(int hash) {
    int mixed = hash * 0x9E3779B9;
    return mixed ^ mixed >>> 15;
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

  /**
   * An open hash table that never grows: a generation has at most `reach` records. The ids lie end to end in one array of
   * bytes, so that the collector has nothing to copy.
   */
  private static final class Identities {
    private static final int BYTES_PER_ID = 40;

    /** Where an id lies, plus 1; 0 is empty. */
    private final int[] places;
    private final long[] times;
    private final int mask;
    /** Each id behind its length less 1. */
    private byte[] ids;
    private int idBytes;

    Identities(int reach) {
      int slots = Integer.highestOneBit(Math.max(1, reach)) * 4;
      places = new int[slots];
      times = new long[slots];
      mask = slots - 1;
      ids = new byte[reach * BYTES_PER_ID];
    }

    boolean has(byte[] id, int hash, long time) {
      return places[slotOf(id, hash, time)] != 0;
    }

    boolean add(byte[] id, int hash, long time) {
      int slot = slotOf(id, hash, time);
      if (places[slot] != 0) return false;
      places[slot] = idBytes + 1;
      times[slot] = time;
      append(id);
      return true;
    }

    void clear() {
      Arrays.fill(places, 0);
      idBytes = 0;
    }

    private void append(byte[] id) {
      if (idBytes + 1 + id.length > ids.length) ids = Arrays.copyOf(ids, ids.length * 2 + 1 + id.length);
      ids[idBytes] = (byte) (id.length - 1);
      System.arraycopy(id, 0, ids, idBytes + 1, id.length);
      idBytes += 1 + id.length;
    }

    /** Where the identity is, or where it would be. */
    private int slotOf(byte[] id, int hash, long time) {
      int slot = hash & mask;
      while (places[slot] != 0 && !(times[slot] == time && isAt(places[slot] - 1, id))) slot = slot + 1 & mask;
      return slot;
    }

    /** An id has 1 to 64 code points, so 1 to 256 bytes: their number less 1 fits into a byte. */
    private boolean isAt(int place, byte[] id) {
      int from = place + 1;
      return Byte.toUnsignedInt(ids[place]) == id.length - 1 && Arrays.equals(ids, from, from + id.length, id, 0, id.length);
    }
  }
}
