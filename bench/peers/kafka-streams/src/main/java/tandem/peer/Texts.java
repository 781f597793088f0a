package tandem.peer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** The rules for texts, as the speed layer has them. */
final class Texts {
  private Texts() {}

  /** The parser is lenient about bytes that are not UTF-8; the speed layer is not. */
  static boolean isUtf8(byte[] bytes) {
    for (byte unit : bytes) if (unit < 0) return isUtf8BeyondAscii(bytes);
    return true;
  }

  private static boolean isUtf8BeyondAscii(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException notUtf8) {
      return false;
    }
  }

  /** 1 to maxLength code points; no control, format, surrogate, private, unassigned or line-separating characters. */
  static boolean isPrintable(String text, int maxLength) {
    int length = text.length();
    if (length == 0 || length > 2 * maxLength) return false;
    for (int at = 0; at < length; at++) {
      char unit = text.charAt(at);
      if (unit < 0x20 || unit > 0x7e) return isPrintableBeyondAscii(text, maxLength);
    }
    return length <= maxLength;
  }

  private static boolean isPrintableBeyondAscii(String text, int maxLength) {
    return text.codePointCount(0, text.length()) <= maxLength && text.codePoints().noneMatch(Texts::isUnprintable);
  }

  private static boolean isUnprintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
          Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
      default -> false;
    };
  }
}
