package tandem.peer;

import java.util.List;

/** What is counted: names of the sums and of the distinct counts, in the order in which a cell holds them. */
enum Metric {
  REVENUE(List.of("gross", "refunds", "line_items"), List.of("orders", "customers")),
  TICKETS(List.of("opened", "closed", "moved_in", "moved_out"), List.of());

  static final int GROSS = 0;
  static final int REFUNDS = 1;
  static final int LINE_ITEMS = 2;
  static final int ORDERS = 0;
  static final int CUSTOMERS = 1;
  static final int OPENED = 0;
  static final int CLOSED = 1;
  static final int MOVED_IN = 2;
  static final int MOVED_OUT = 3;

  final List<String> sums;
  final List<String> sketches;

  Metric(List<String> sums, List<String> sketches) {
    this.sums = sums;
    this.sketches = sketches;
  }
}
