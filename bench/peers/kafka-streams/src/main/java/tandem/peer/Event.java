package tandem.peer;

/** A decoded event, filled anew for every record: one per task, so that decoding makes no garbage of its own. */
final class Event {
  enum Type { ORDER_PLACED, ORDER_REFUNDED, TICKET_OPENED, TICKET_CLOSED, TICKET_PRIORITY_CHANGED }

  Type type;
  String eventId;
  /** Milliseconds since 1970, UTC. */
  long occurredAt;
  String orderId;
  /** Null where the customer is not known. */
  String customerId;
  String category;
  /** Ten-thousandths. */
  long amount;
  String country;
  String priority;
  String previousPriority;
}
