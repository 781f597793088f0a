package tandem.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The measures of one metric for one hour and one tuple. What goes to the changelog is small whatever the sketches hold:
 * hashes go there in chunks, and only the chunk that is not full yet is written again, always with the newest sums.
 * So the log may be compacted, and all that is left of it gives the cell again.
 */
final class Cell {
  /** Hashes are below 2^52: the bits above say which sketch one belongs to. */
  private static final int SKETCH_SHIFT = 60;
  private static final int CHUNK_HASHES = 32;

  final CellKey key;
  final long[] sums;
  final DistinctSketch[] sketches;
  private long[] chunk = new long[4];
  private int chunkHashes;
  private int chunkNumber;
  boolean isChanged;

  Cell(CellKey key) {
    this.key = key;
    sums = new long[key.metric().sums.size()];
    sketches = new DistinctSketch[key.metric().sketches.size()];
    for (int at = 0; at < sketches.length; at++) sketches[at] = new DistinctSketch();
  }

  void addSum(int sum, long value) {
    sums[sum] = Math.addExact(sums[sum], value);
  }

  /** Without keeping what has to be logged. */
  void addHash(int sketch, long hash) {
    sketches[sketch].add(hash);
  }

  void addLoggedHash(int sketch, long hash) {
    if (!sketches[sketch].add(hash)) return;
    if (chunkHashes == chunk.length) chunk = Arrays.copyOf(chunk, chunkHashes * 2);
    chunk[chunkHashes++] = hash | (long) sketch << SKETCH_SHIFT;
  }

  /** Metric, hour, number of the chunk, dimension values. */
  byte[] logKey() {
    byte[] dimensions = (key.first() + '\n' + key.second()).getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(9 + dimensions.length)
        .put((byte) key.metric().ordinal()).putInt(key.hour()).putInt(chunkNumber).put(dimensions).array();
  }

  /** Sums and the hashes of the chunk that is open; begins the next one when this is full. */
  byte[] logValue() {
    ByteBuffer value = ByteBuffer.allocate(8 * (sums.length + chunkHashes));
    for (long sum : sums) value.putLong(sum);
    for (int at = 0; at < chunkHashes; at++) value.putLong(chunk[at]);
    if (chunkHashes >= CHUNK_HASHES) beginChunk(chunkNumber + 1);
    return value.array();
  }

  static CellKey keyOf(byte[] logKey) {
    ByteBuffer key = ByteBuffer.wrap(logKey);
    Metric metric = Metric.values()[key.get()];
    int hour = key.getInt();
    String[] dimensions = new String(logKey, 9, logKey.length - 9, StandardCharsets.UTF_8).split("\n", -1);
    return new CellKey(metric, hour, dimensions[0], dimensions[1]);
  }

  /** Takes over a record of the changelog; they come oldest first, so the last one has the newest sums. */
  void restore(byte[] logKey, byte[] logValue) {
    ByteBuffer value = ByteBuffer.wrap(logValue);
    for (int at = 0; at < sums.length; at++) sums[at] = value.getLong();
    beginChunk(ByteBuffer.wrap(logKey).getInt(5));
    while (value.hasRemaining()) {
      long hash = value.getLong();
      addLoggedHash((int) (hash >>> SKETCH_SHIFT), hash & (1L << SKETCH_SHIFT) - 1);
    }
    if (chunkHashes >= CHUNK_HASHES) beginChunk(chunkNumber + 1);
  }

  private void beginChunk(int number) {
    chunkNumber = number;
    chunkHashes = 0;
  }
}
