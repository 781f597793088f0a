/** Turns a date text into an ISO instant in UTC ("2011-12-09T12:50:00Z"); undefined when it has another form. */
export type DateReader = (text: string) => string | undefined;

/** What each part of a date format stands for. Two letters ask for two digits, one letter for one or two. */
const TOKENS: Readonly<Record<string, string>> = {
  YYYY: '(?<year>\\d{4})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{2})',
  D: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{2})',
  h: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  m: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{2})',
  s: '(?<second>\\d{1,2})',
  SSS: '(?<fraction>\\d{1,3})',
  A: '(?<half>[AaPp][Mm])',
};
const TOKEN = /YYYY|MM?|DD?|HH?|hh?|mm?|ss?|SSS|A/g;

export const DATE_TOKENS = Object.keys(TOKENS);

/** The parts that a format names, for checking it: "D/M/YYYY" → D, M, YYYY. */
export function tokensOf(format: string): readonly string[] {
  return format.match(TOKEN) ?? [];
}

/**
 * Compiles a format like "D/M/YYYY H:mm" or "YYYY-MM-DD HH:mm:ss". Parts that it does not name are midnight.
 * The reader checks the form only: whether there is such a day is for the event's schema to say.
 */
export function dateReader(format: string): DateReader {
  const escaped = format.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = new RegExp(`^${escaped.replace(TOKEN, (token) => TOKENS[token] ?? token)}$`);
  return (text) => {
    const parts = pattern.exec(text)?.groups;
    return parts && isoInstant(parts);
  };
}

/** The first reader that knows the text's form decides. */
export function anyOf(...readers: readonly DateReader[]): DateReader {
  return (text) => {
    for (const read of readers) {
      const iso = read(text);
      if (iso !== undefined) return iso;
    }
    return undefined;
  };
}

function isoInstant(parts: Readonly<Record<string, string | undefined>>): string {
  const two = (name: string) => (parts[name] ?? '0').padStart(2, '0');
  const hour = parts['half'] ? twentyFourHours(Number(parts['hour'] ?? '12'), parts['half']) : two('hour');
  const fraction = parts['fraction'] ? `.${parts['fraction'].padEnd(3, '0')}` : '';
  return `${parts['year']}-${two('month')}-${two('day')}T${hour}:${two('minute')}:${two('second')}${fraction}Z`;
}

/** 12 AM is midnight, 12 PM noon. An hour that no 12-hour clock shows becomes 99, which no schema takes. */
function twentyFourHours(hour: number, half: string): string {
  if (hour < 1 || hour > 12) return '99';
  return String((hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0)).padStart(2, '0');
}
