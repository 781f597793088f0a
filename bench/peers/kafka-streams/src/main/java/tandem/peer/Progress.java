package tandem.peer;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/** How far all partitions are: from the first record that any of them reads to the last one that is in the topic now. */
final class Progress {
  /** Exclusive, by partition. */
  private final Map<Integer, Long> ends;
  private final Map<Integer, Boolean> missing = new ConcurrentHashMap<>();
  private final AtomicLong startNanos = new AtomicLong();
  private final CompletableFuture<Long> endNanos = new CompletableFuture<>();
  private final Map<String, Long> totals = new TreeMap<>();

  Progress(Map<Integer, Long> ends) {
    this.ends = ends;
    for (int partition : ends.keySet()) missing.put(partition, true);
    ends.forEach((partition, end) -> {
      if (end == 0) reached(partition);
    });
  }

  long endOf(int partition) {
    return ends.get(partition);
  }

  /** The first record of all is about to be processed; further calls change nothing. */
  void begin() {
    if (startNanos.getPlain() == 0) startNanos.compareAndSet(0, System.nanoTime());
  }

  void reached(int partition) {
    missing.remove(partition);
    if (missing.isEmpty()) endNanos.complete(System.nanoTime());
  }

  void fail(Throwable reason) {
    endNanos.completeExceptionally(reason);
  }

  /** Seconds from the first record to the last one; waits for it. */
  double awaitSeconds() throws InterruptedException, ExecutionException {
    long end = endNanos.get();
    return startNanos.get() == 0 ? 0 : (end - startNanos.get()) / 1e9;
  }

  synchronized void addTotals(Map<String, Long> added) {
    added.forEach((name, value) -> totals.merge(name, value, Math::addExact));
  }

  synchronized Map<String, Long> totals() {
    return totals;
  }
}
