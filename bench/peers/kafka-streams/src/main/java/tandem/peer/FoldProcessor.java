package tandem.peer;

import java.util.Map;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/** What the speed layer does with a record: decode and validate, drop copies, fold into cells. One per partition. */
final class FoldProcessor implements Processor<byte[], byte[], Void, Void> {
  private static final long MS_PER_HOUR = 3_600_000;

  private final Settings settings;
  private final Progress progress;
  private final EventReader reader = new EventReader();
  private final IdHashes hashes = new IdHashes();
  private final DuplicateWindow window;
  private ProcessorContext<Void, Void> context;
  private CellStore store;
  private long end;

  FoldProcessor(Settings settings, Progress progress) {
    this.settings = settings;
    this.progress = progress;
    window = new DuplicateWindow(settings.reach());
  }

  /** Called when the store has been restored. */
  @Override
  public void init(ProcessorContext<Void, Void> context) {
    this.context = context;
    store = context.getStateStore(settings.storeName());
    int partition = context.taskId().partition();
    end = progress.endOf(partition);
    if (store.ledger.next > 0) refillWindow(partition);
    if (store.ledger.next >= end) progress.reached(partition);
  }

  /** The window is in the log already: reading that again is less than logging every identity a second time. */
  private void refillWindow(int partition) {
    long next = store.ledger.next;
    SourceReader.read(settings, partition, window.refillFrom(next), next, (value, offset) -> {
      Event event = reader.read(value);
      if (event != null) window.isDuplicate(event, offset);
    });
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata metadata = context.recordMetadata().orElseThrow();
    long offset = metadata.offset();
    progress.begin();
    // A barrier of Tandem's, which has no value: it is no record of the shop.
    if (record.value() != null) count(record.value(), offset);
    store.ledger.next = offset + 1;
    if (offset + 1 == end) {
      progress.reached(metadata.partition());
      context.commit();
    }
  }

  private void count(byte[] value, long offset) {
    Ledger ledger = store.ledger;
    ledger.read++;
    Event event = reader.read(value);
    if (event == null) {
      ledger.invalid++;
    } else if (window.isDuplicate(event, offset)) {
      ledger.duplicate++;
    } else {
      ledger.folded++;
      fold(event);
    }
  }

  private void fold(Event event) {
    switch (event.type) {
      case ORDER_PLACED -> {
        Cell cell = revenueCell(event);
        cell.addSum(Metric.GROSS, event.amount);
        cell.addSum(Metric.LINE_ITEMS, 1);
        store.addHash(cell, Metric.ORDERS, hashes.of(event.orderId));
        addCustomer(cell, event);
      }
      case ORDER_REFUNDED -> {
        Cell cell = revenueCell(event);
        cell.addSum(Metric.REFUNDS, event.amount);
        addCustomer(cell, event);
      }
      case TICKET_OPENED -> ticketCell(event, event.priority).addSum(Metric.OPENED, 1);
      case TICKET_CLOSED -> ticketCell(event, event.priority).addSum(Metric.CLOSED, 1);
      case TICKET_PRIORITY_CHANGED -> {
        ticketCell(event, event.priority).addSum(Metric.MOVED_IN, 1);
        ticketCell(event, event.previousPriority).addSum(Metric.MOVED_OUT, 1);
      }
    }
  }

  private Cell revenueCell(Event event) {
    return store.toChange(Metric.REVENUE, hourOf(event), event.category, event.country);
  }

  private Cell ticketCell(Event event, String priority) {
    return store.toChange(Metric.TICKETS, hourOf(event), priority, "");
  }

  private void addCustomer(Cell cell, Event event) {
    if (event.customerId != null) store.addHash(cell, Metric.CUSTOMERS, hashes.of(event.customerId));
  }

  private static int hourOf(Event event) {
    return (int) (event.occurredAt / MS_PER_HOUR);
  }

  @Override
  public void close() {
    Map<String, Long> totals = Totals.of(store);
    progress.addTotals(totals);
  }
}
