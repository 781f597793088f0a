package tandem.peer;

import java.nio.ByteBuffer;

/** How far one partition has been read, and what became of its records. */
final class Ledger {
  /** Every record below (exclusive) is counted. */
  long next;
  long read;
  long folded;
  long duplicate;
  long invalid;

  byte[] logValue() {
    return ByteBuffer.allocate(40).putLong(next).putLong(read).putLong(folded).putLong(duplicate).putLong(invalid).array();
  }

  void restore(byte[] logValue) {
    ByteBuffer value = ByteBuffer.wrap(logValue);
    next = value.getLong();
    read = value.getLong();
    folded = value.getLong();
    duplicate = value.getLong();
    invalid = value.getLong();
  }
}
