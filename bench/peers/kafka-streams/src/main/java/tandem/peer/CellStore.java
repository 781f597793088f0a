package tandem.peer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateRestoreCallback;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.state.internals.CacheFlushListener;
import org.apache.kafka.streams.state.internals.CachedStateStore;

/**
 * Ledger and cells of one partition as plain objects: nothing is serialised until a commit, and then only what changed.
 * It calls itself cached because that is how Kafka Streams comes to ask for the changes before each commit.
 */
final class CellStore implements StateStore, CachedStateStore<byte[], byte[]> {
  private static final byte[] LEDGER_KEY = {-1};

  final Ledger ledger = new Ledger();
  private final Map<CellKey, Cell> cells = new HashMap<>();
  private final List<Cell> changed = new ArrayList<>();
  private final String name;
  private final boolean isLogged;
  private InternalProcessorContext<?, ?> context;
  private boolean isOpen;

  CellStore(String name, boolean isLogged) {
    this.name = name;
    this.isLogged = isLogged;
  }

  Iterable<Cell> cells() {
    return cells.values();
  }

  /** The cell to add to, made if there is none. */
  Cell toChange(Metric metric, int hour, String first, String second) {
    Cell cell = cellAt(new CellKey(metric, hour, first, second));
    if (isLogged && !cell.isChanged) {
      cell.isChanged = true;
      changed.add(cell);
    }
    return cell;
  }

  void addHash(Cell cell, int sketch, long hash) {
    if (isLogged) cell.addLoggedHash(sketch, hash);
    else cell.addHash(sketch, hash);
  }

  private Cell cellAt(CellKey key) {
    Cell cell = cells.get(key);
    if (cell == null) {
      cell = new Cell(key);
      cells.put(key, cell);
    }
    return cell;
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {
    this.context = (InternalProcessorContext<?, ?>) context;
    StateRestoreCallback restore = this::restore;
    context.register(root, restore);
    isOpen = true;
  }

  private void restore(byte[] key, byte[] value) {
    if (key.length == LEDGER_KEY.length) ledger.restore(value);
    else cellAt(Cell.keyOf(key)).restore(key, value);
  }

  /** Called before each commit: in the same transaction as the offsets that have been read. */
  @Override
  public void flushCache() {
    if (!isLogged) return;
    long now = context.currentSystemTimeMs();
    for (Cell cell : changed) {
      log(cell.logKey(), cell.logValue(), now);
      cell.isChanged = false;
    }
    changed.clear();
    log(LEDGER_KEY, ledger.logValue(), now);
  }

  private void log(byte[] key, byte[] value, long now) {
    context.logChange(name, Bytes.wrap(key), value, now, Position.emptyPosition());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void flush() {}

  @Override
  public void clearCache() {}

  @Override
  public boolean setFlushListener(CacheFlushListener<byte[], byte[]> listener, boolean sendOldValues) {
    return false;
  }

  @Override
  public void close() {
    isOpen = false;
  }

  @Override
  public boolean persistent() {
    return false;
  }

  @Override
  public boolean isOpen() {
    return isOpen;
  }
}
