package tandem.peer;

/** Texts of which there are few (categories, countries): the same String each time, made and checked only once. */
final class Symbols {
  private static final int SLOTS = 1 << 12;
  private final String[] slots = new String[SLOTS];

  /** The text in these characters if it is a printable one; else null. */
  String of(char[] chars, int from, int length, int maxLength) {
    int slot = hash(chars, from, length) & (SLOTS - 1);
    String held = slots[slot];
    if (held != null && isSame(held, chars, from, length)) return held;
    String text = new String(chars, from, length);
    if (!Texts.isPrintable(text, maxLength)) return null;
    // Another text of the same slot gives way: a bound, at the price of making it again.
    slots[slot] = text;
    return text;
  }

  private static int hash(char[] chars, int from, int length) {
    int hash = length;
    for (int at = from; at < from + length; at++) hash = 31 * hash + chars[at];
    return hash ^ hash >>> 15;
  }

  private static boolean isSame(String text, char[] chars, int from, int length) {
    if (text.length() != length) return false;
    for (int at = 0; at < length; at++) if (text.charAt(at) != chars[from + at]) return false;
    return true;
  }
}
