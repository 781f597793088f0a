package tandem.peer;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What to compare two implementations by: the ledger, the number of cells, and each measure summed over all cells. */
final class Totals {
  private Totals() {}

  static Map<String, Long> of(CellStore store) {
    Map<String, Long> totals = new TreeMap<>();
    totals.put("read", store.ledger.read);
    totals.put("folded", store.ledger.folded);
    totals.put("duplicate", store.ledger.duplicate);
    totals.put("invalid", store.ledger.invalid);
    totals.put("cells", 0L);
    for (Metric metric : Metric.values()) addZeros(totals, metric);
    for (Cell cell : store.cells()) addCell(totals, cell);
    return totals;
  }

  private static void addZeros(Map<String, Long> totals, Metric metric) {
    for (List<String> names : List.of(metric.sums, metric.sketches)) {
      for (String name : names) totals.put(nameOf(metric, name), 0L);
    }
  }

  private static void addCell(Map<String, Long> totals, Cell cell) {
    Metric metric = cell.key.metric();
    totals.merge("cells", 1L, Math::addExact);
    for (int at = 0; at < cell.sums.length; at++) {
      totals.merge(nameOf(metric, metric.sums.get(at)), cell.sums[at], Math::addExact);
    }
    for (int at = 0; at < cell.sketches.length; at++) {
      totals.merge(nameOf(metric, metric.sketches.get(at)), cell.sketches[at].count(), Math::addExact);
    }
  }

  private static String nameOf(Metric metric, String measure) {
    return metric.name().toLowerCase(Locale.ROOT) + '.' + measure;
  }
}
