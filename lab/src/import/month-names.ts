/** The number ("1" to "12") of the month that a name stands for; undefined for no name of a month. */
export type MonthNames = (name: string) => string | undefined;

const MONTHS = Array.from({ length: 12 }, (_, month) => month);
const SHORTEST_BEGINNING = 3;
/** Names that are remembered: a file has few, but may have another one in each row. */
const MAX_KNOWN = 1_000;
/** What spreadsheets write that no table of names has. */
const MORE_NAMES: Readonly<Record<string, readonly (readonly [string, number])[]>> = { de: [['mrz', 3]] };
const ENGLISH = ['en-US', 'en-GB'];

/** True for a language whose names of months are known, like "de" or "pt-BR". */
export function isKnownLocale(locale: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(locale).length > 0;
  } catch {
    return false;
  }
}

/**
 * The names of the months in a language (English without one): whole, short, or a beginning that fits one month alone
 * and has at least three letters. Capitals, accents and a point at the end do not matter.
 */
export function monthNames(locale: string | undefined): MonthNames {
  const numbers = new Map<string, number>();
  for (const tag of locale === undefined ? ENGLISH : [locale]) {
    for (const [name, month] of namesIn(tag)) numbers.set(name, month);
  }
  const [language = ''] = (locale ?? '').split('-');
  for (const [name, month] of MORE_NAMES[language] ?? []) numbers.set(name, month);
  const known = new Map<string, string | undefined>();
  const look = (name: string): string | undefined => {
    const plain = plainName(name);
    const exact = numbers.get(plain);
    if (exact !== undefined) return String(exact);
    if (plain.length < SHORTEST_BEGINNING) return undefined;
    const fitting = new Set([...numbers].flatMap(([whole, month]) => (whole.startsWith(plain) ? [month] : [])));
    const [only] = fitting;
    return fitting.size === 1 ? String(only) : undefined;
  };
  return (name) => {
    if (known.has(name)) return known.get(name);
    const month = look(name);
    if (known.size < MAX_KNOWN) known.set(name, month);
    return month;
  };
}

/** Both the name that stands alone and the one beside a day, which many languages write otherwise. */
function namesIn(locale: string): readonly (readonly [string, number])[] {
  return MONTHS.flatMap((month) =>
    (['long', 'short'] as const).flatMap((width) =>
      [{ month: width }, { month: width, day: 'numeric' as const }].map((options) => {
        const parts = new Intl.DateTimeFormat(locale, {
          ...options,
          timeZone: 'UTC',
          calendar: 'gregory',
        }).formatToParts(Date.UTC(2026, month, 15));
        return [plainName(parts.find(({ type }) => type === 'month')?.value ?? ''), month + 1] as const;
      }),
    ),
  );
}

function plainName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{M}|\.$/gu, '')
    .toLowerCase();
}
