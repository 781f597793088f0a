package tandem.peer;

/** One hour of event time (whole hours since 1970) and one tuple of dimension values; `second` is empty where there is one. */
record CellKey(Metric metric, int hour, String first, String second) {}
