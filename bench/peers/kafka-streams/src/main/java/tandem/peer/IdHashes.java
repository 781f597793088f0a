package tandem.peer;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The first 52 bits of the MD5 of ids. Those of one order or customer come close together: the latest are kept. */
final class IdHashes {
  private static final int SLOTS = 1 << 16;
  private final String[] ids = new String[SLOTS];
  private final long[] hashes = new long[SLOTS];
  private final MessageDigest md5;

  IdHashes() {
    try {
      md5 = MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  long of(String id) {
    int hash = id.hashCode();
    int slot = (hash ^ hash >>> 16) & (SLOTS - 1);
    if (id.equals(ids[slot])) return hashes[slot];
    ids[slot] = id;
    hashes[slot] = first52Bits(md5.digest(id.getBytes(StandardCharsets.UTF_8)));
    return hashes[slot];
  }

  private static long first52Bits(byte[] digest) {
    long bits = 0;
    for (int at = 0; at < 7; at++) bits = bits << 8 | digest[at] & 0xff;
    return bits >>> 4;
  }
}
