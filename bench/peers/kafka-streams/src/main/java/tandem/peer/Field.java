package tandem.peer;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** The fields that an event may have; which of them a type must have, and which it may. */
enum Field {
  TYPE, EVENT_ID, OCCURRED_AT, ORDER_ID, CUSTOMER_ID, CATEGORY, AMOUNT, COUNTRY, SKU, QUANTITY, TICKET_ID, PRIORITY,
  PREVIOUS_PRIORITY;

  private static final int ANY = mask(TYPE, EVENT_ID, OCCURRED_AT, CUSTOMER_ID);
  private static final int ORDER = ANY | mask(ORDER_ID, CATEGORY, AMOUNT, COUNTRY);
  private static final int TICKET = ANY | mask(TICKET_ID, PRIORITY);
  private static final Map<String, Field> BY_NAME = new HashMap<>();

  static {
    for (Field field : values()) BY_NAME.put(field.name().toLowerCase(Locale.ROOT), field);
  }

  final int bit = 1 << ordinal();

  /** Null for a name that no event knows. */
  static Field named(String name) {
    return BY_NAME.get(name);
  }

  /** Bits of the fields that an event of this type must have. */
  static int needed(Event.Type type) {
    return switch (type) {
      case ORDER_PLACED, ORDER_REFUNDED -> ORDER;
      case TICKET_OPENED, TICKET_CLOSED -> TICKET;
      case TICKET_PRIORITY_CHANGED -> TICKET | PREVIOUS_PRIORITY.bit;
    };
  }

  /** Bits of the fields that it may have besides. */
  static int optional(Event.Type type) {
    return type == Event.Type.ORDER_PLACED || type == Event.Type.ORDER_REFUNDED ? mask(SKU, QUANTITY) : 0;
  }

  private static int mask(Field... fields) {
    int mask = 0;
    for (Field field : fields) mask |= 1 << field.ordinal();
    return mask;
  }
}
