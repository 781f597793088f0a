package tandem.peer;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.DateTimeException;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** ISO 8601 instants from 1970 (inclusive) to 2100 (exclusive) as milliseconds. One per task: it remembers dates. */
final class Instants {
  static final long REFUSED = -1;
  private static final long MS_PER_DAY = 86_400_000;
  private static final long LATEST_MS = LocalDate.of(2100, 1, 1).toEpochDay() * MS_PER_DAY;
  private static final int CANONICAL_LENGTH = "2026-01-31T08:15:00.000Z".length();
  private static final String CANONICAL_FORM = "dddd-dd-ddTdd:dd:dd.dddZ";
  private static final Pattern ANY_FORM = Pattern.compile(
      "([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,3}))?)?"
          + "(?:Z|([+-])([0-9]{2}):([0-9]{2}))");

  /** Midnights by year, month and day as one number; only days that exist, so the calendar bounds it. */
  private final Map<Integer, Long> midnights = new HashMap<>();
  private int lastDate = -1;
  private long lastMidnight;

  /** REFUSED for anything else, for dates that do not exist, and outside of the bounds. */
  long parse(char[] chars, int from, int length) {
    long ms = isCanonical(chars, from, length) ? canonical(chars, from) : anyForm(new String(chars, from, length));
    return ms >= 0 && ms < LATEST_MS ? ms : REFUSED;
  }

  private static boolean isCanonical(char[] chars, int from, int length) {
    if (length != CANONICAL_LENGTH) return false;
    for (int at = 0; at < CANONICAL_LENGTH; at++) {
      char wanted = CANONICAL_FORM.charAt(at);
      char found = chars[from + at];
      if (wanted == 'd' ? found < '0' || found > '9' : found != wanted) return false;
    }
    return true;
  }

  private long canonical(char[] chars, int from) {
    int date = (digits(chars, from, 4) * 100 + digits(chars, from + 5, 2)) * 100 + digits(chars, from + 8, 2);
    int millis = digits(chars, from + 20, 3);
    return atTime(date, digits(chars, from + 11, 2), digits(chars, from + 14, 2), digits(chars, from + 17, 2), millis);
  }

  private long anyForm(String text) {
    Matcher found = ANY_FORM.matcher(text);
    if (!found.matches()) return REFUSED;
    int date = (number(found, 1) * 100 + number(found, 2)) * 100 + number(found, 3);
    int millis = found.group(7) == null ? 0 : Integer.parseInt((found.group(7) + "00").substring(0, 3));
    long local = atTime(date, number(found, 4), number(found, 5), number(found, 6), millis);
    if (local == Long.MIN_VALUE || number(found, 9) > 23 || number(found, 10) > 59) return REFUSED;
    long offsetMs = (number(found, 9) * 60 + number(found, 10)) * 60_000L;
    return "-".equals(found.group(8)) ? local + offsetMs : local - offsetMs;
  }

  /** Long.MIN_VALUE where there is no such day or time. */
  private long atTime(int date, int hour, int minute, int second, int millis) {
    long midnight = midnightOf(date);
    if (midnight == Long.MIN_VALUE || hour > 23 || minute > 59 || second > 59) return Long.MIN_VALUE;
    return midnight + ((hour * 60 + minute) * 60 + second) * 1000L + millis;
  }

  private long midnightOf(int date) {
    if (date == lastDate) return lastMidnight;
    Long known = midnights.get(date);
    if (known == null) {
      known = epochMsOf(date);
      if (known >= 0 && known < LATEST_MS) midnights.put(date, known);
    }
    lastDate = date;
    lastMidnight = known;
    return known;
  }

  private static long epochMsOf(int date) {
    // Years 0 to 99 do not count as dates; all others below 1970 are refused by the bounds anyway.
    if (date < 100_00_00) return Long.MIN_VALUE;
    try {
      return LocalDate.of(date / 10_000, date / 100 % 100, date % 100).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
    } catch (DateTimeException noSuchDay) {
      return Long.MIN_VALUE;
    }
  }

  private static int number(Matcher found, int group) {
    return found.group(group) == null ? 0 : Integer.parseInt(found.group(group));
  }

  private static int digits(char[] chars, int from, int count) {
    int value = 0;
    for (int at = from; at < from + count; at++) value = value * 10 + chars[at] - '0';
    return value;
  }
}
