package tandem.peer;

/** The rules for texts, as the speed layer has them. */
final class Texts {
  private Texts() {}

  /** 1 to maxLength UTF-16 units; no control, format, surrogate, private, unassigned or line-separating characters. */
  static boolean isPrintable(String text, int maxLength) {
    int length = text.length();
    if (length == 0 || length > maxLength) return false;
    for (int at = 0; at < length; at++) {
      char unit = text.charAt(at);
      if (unit < 0x20 || unit > 0x7e) return isPrintableBeyondAscii(text);
    }
    return true;
  }

  private static boolean isPrintableBeyondAscii(String text) {
    return text.codePoints().noneMatch(Texts::isUnprintable);
  }

  private static boolean isUnprintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
          Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      default -> false;
    };
  }
}
