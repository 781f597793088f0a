package tandem.peer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** Decodes and validates the bytes of a record by the speed layer's rules. One per task: it reuses what it can. */
final class EventReader {
  private static final int MAX_EVENT_BYTES = 65_536;
  private static final int MAX_TEXT = 64;
  private static final int MAX_AMOUNT_TEXT = 32;
  private static final int MAX_INSTANT_TEXT = 40;
  private static final double MAX_QUANTITY = 1e9;

  private final JsonFactory json = new JsonFactory();
  private final Instants instants = new Instants();
  private final Symbols symbols = new Symbols();
  private final Event event = new Event();
  /** Bits of the fields read so far, and of those whose value is not allowed; of a field given twice the last counts. */
  private int seen;
  private int wrong;

  /** The event, valid until the next call; null for bytes that are not one. */
  Event read(byte[] bytes) {
    // A JSON text of ours begins with a brace or white space: whatever other encodings begin with is refused.
    if (bytes == null || bytes.length < 2 || bytes.length > MAX_EVENT_BYTES || bytes[0] <= 0 || bytes[1] == 0) return null;
    if (!Texts.isUtf8(bytes)) return null;
    try (JsonParser parser = json.createParser(bytes)) {
      return readObject(parser) && parser.nextToken() == null && isComplete() ? event : null;
    } catch (IOException notJson) {
      return null;
    }
  }

  private boolean readObject(JsonParser parser) throws IOException {
    seen = 0;
    wrong = 0;
    event.type = null;
    if (parser.nextToken() != JsonToken.START_OBJECT) return false;
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      Field field = Field.named(name);
      if (field == null) return false;
      JsonToken token = parser.nextToken();
      seen |= field.bit;
      if (readValue(parser, field, token)) wrong &= ~field.bit;
      else wrong |= field.bit;
      if (token.isStructStart()) parser.skipChildren();
    }
    return parser.currentToken() == JsonToken.END_OBJECT;
  }

  private boolean isComplete() {
    if (wrong != 0 || event.type == null) return false;
    int needed = Field.needed(event.type);
    return (seen & needed) == needed && (seen & ~(needed | Field.optional(event.type))) == 0;
  }

  private boolean readValue(JsonParser parser, Field field, JsonToken token) throws IOException {
    return switch (field) {
      case AMOUNT -> readAmount(parser, token);
      case QUANTITY -> token.isNumeric() && isQuantity(parser.getText());
      case CUSTOMER_ID -> readCustomer(parser, token);
      default -> token == JsonToken.VALUE_STRING && readText(parser, field);
    };
  }

  private boolean readText(JsonParser parser, Field field) throws IOException {
    return switch (field) {
      case TYPE -> (event.type = typeNamed(symbol(parser))) != null;
      case EVENT_ID -> (event.eventId = text(parser)) != null;
      case OCCURRED_AT -> (event.occurredAt = instant(parser)) != Instants.REFUSED;
      case ORDER_ID -> (event.orderId = text(parser)) != null;
      case CATEGORY -> (event.category = symbol(parser)) != null;
      case COUNTRY -> (event.country = symbol(parser)) != null;
      case PRIORITY -> (event.priority = symbol(parser)) != null;
      case PREVIOUS_PRIORITY -> (event.previousPriority = symbol(parser)) != null;
      default -> text(parser) != null;
    };
  }

  private boolean readCustomer(JsonParser parser, JsonToken token) throws IOException {
    event.customerId = token == JsonToken.VALUE_STRING ? text(parser) : null;
    return event.customerId != null || token == JsonToken.VALUE_NULL;
  }

  private boolean readAmount(JsonParser parser, JsonToken token) throws IOException {
    if (token.isNumeric()) {
      event.amount = Money.ofNumber(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
    } else if (token == JsonToken.VALUE_STRING && parser.getTextLength() <= MAX_AMOUNT_TEXT) {
      event.amount = Money.ofText(parser.getText());
    } else {
      event.amount = Money.REFUSED;
    }
    return event.amount != Money.REFUSED;
  }

  private long instant(JsonParser parser) throws IOException {
    int length = parser.getTextLength();
    if (length > MAX_INSTANT_TEXT) return Instants.REFUSED;
    return instants.parse(parser.getTextCharacters(), parser.getTextOffset(), length);
  }

  private String symbol(JsonParser parser) throws IOException {
    return symbols.of(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength(), MAX_TEXT);
  }

  private static String text(JsonParser parser) throws IOException {
    String text = parser.getText();
    return Texts.isPrintable(text, MAX_TEXT) ? text : null;
  }

  private static boolean isQuantity(String text) {
    double value = Double.parseDouble(text);
    return value >= 0 && value <= MAX_QUANTITY && value == Math.rint(value);
  }

  private static Event.Type typeNamed(String name) {
    if (name == null) return null;
    return switch (name) {
      case "order_placed" -> Event.Type.ORDER_PLACED;
      case "order_refunded" -> Event.Type.ORDER_REFUNDED;
      case "ticket_opened" -> Event.Type.TICKET_OPENED;
      case "ticket_closed" -> Event.Type.TICKET_CLOSED;
      case "ticket_priority_changed" -> Event.Type.TICKET_PRIORITY_CHANGED;
      default -> null;
    };
  }
}
