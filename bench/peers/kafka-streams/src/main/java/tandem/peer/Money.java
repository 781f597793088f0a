package tandem.peer;

import java.util.regex.Pattern;

/** Decimal amounts as integer ten-thousandths. */
final class Money {
  static final long REFUSED = -1;
  private static final double MAX_AMOUNT = 1e9;
  private static final double TEN_THOUSANDTHS = 1e4;
  private static final long MAX_TEN_THOUSANDTHS = 10_000_000_000_000L;
  private static final Pattern DECIMAL_TEXT = Pattern.compile("[0-9]{1,10}(?:\\.[0-9]{1,4})?");

  private Money() {}

  /** Ten-thousandths of a JSON number given by its characters; REFUSED when negative, too large or finer. */
  static long ofNumber(char[] chars, int from, int length) {
    long plain = ofPlainDecimal(chars, from, length);
    if (plain >= 0) return plain <= MAX_TEN_THOUSANDTHS ? plain : REFUSED;
    return ofDouble(Double.parseDouble(new String(chars, from, length)));
  }

  static long ofText(String text) {
    return DECIMAL_TEXT.matcher(text).matches() ? ofDouble(Double.parseDouble(text)) : REFUSED;
  }

  private static long ofDouble(double value) {
    if (!(value >= 0 && value <= MAX_AMOUNT)) return REFUSED;
    long integer = Math.round(value * TEN_THOUSANDTHS);
    return integer / TEN_THOUSANDTHS == value ? integer : REFUSED;
  }

  /** Up to 10 digits, a point, up to 4 digits, as nearly all are: without a double. REFUSED for other forms. */
  private static long ofPlainDecimal(char[] chars, int from, int length) {
    long value = 0;
    int decimals = -1;
    if (length > 15) return REFUSED;
    for (int at = from; at < from + length; at++) {
      char digit = chars[at];
      if (digit == '.' && decimals < 0) decimals = 0;
      else if (digit < '0' || digit > '9') return REFUSED;
      else {
        value = value * 10 + digit - '0';
        if (decimals >= 0) decimals++;
      }
    }
    if (decimals > 4) return REFUSED;
    for (int missing = 4 - Math.max(decimals, 0); missing > 0; missing--) value *= 10;
    return value;
  }
}
