import { currencyAt } from './currencies.js';
import { type Decimal, negateDecimal, parseDecimal } from './decimal.js';

/** How a file writes numbers. */
export type AmountStyle = {
  readonly decimal: '.' | ',';
  /** What stands between groups of digits; "" for nothing; undefined for any but the decimal sign. */
  readonly thousands: Thousands | undefined;
  /** False where the mapping says neither: then 1,234 is not read, for it may be 1234 or 1.234. */
  readonly isStated: boolean;
};
export type Thousands = keyof typeof SEPARATORS;

export type ParsedAmount =
  | { readonly decimal: Decimal; readonly currency: string | undefined }
  | { readonly allowed: string };

/** The signs that stand for each separator: every space that programs write between digits, either apostrophe. */
const SEPARATORS = {
  ',': ',',
  '.': '.',
  ' ': ' \u00a0\u2009\u202f',
  "'": "'\u2019",
  '': '',
} as const;
export const THOUSANDS = Object.keys(SEPARATORS) as readonly Thousands[];

const MINUS = /^[-\u2212\u2013\ufe63\uff0d]|[-\u2212\u2013\ufe63\uff0d]$/;
const PARENTHESES = /^([^()]*)\(([^()]+)\)([^()]*)$/;

/**
 * Reads an amount as people write it, exactly: "1,234.50", "€ 12", "5-", "(5.00)", ".5"; with a decimal comma
 * "1.234,50". Signs and codes of currencies are read over. For anything else it says what is allowed.
 */
export function parseAmount(text: string, style: AmountStyle): ParsedAmount {
  const peeled = peel(text.trim());
  if (peeled === undefined) return { allowed: allowedFor(text, style) };
  const size = parseSize(peeled.number, style);
  if (size === undefined) return { allowed: allowedFor(text, style) };
  return { decimal: peeled.isNegative ? negateDecimal(size) : size, currency: peeled.currency };
}

type Peeled = { readonly number: string; readonly isNegative: boolean; readonly currency: string | undefined };

/** Takes signs, parentheses and currencies off a number; undefined where one comes too often. */
function peel(text: string): Peeled | undefined {
  const parentheses = PARENTHESES.exec(text);
  let rest = parentheses ? parentheses.slice(1).join(' ').trim() : text;
  let signs = parentheses ? 1 : 0;
  let isNegative = parentheses !== null;
  const currencies: string[] = [];
  for (let before = ''; before !== rest; ) {
    before = rest;
    const currency = currencyAt('start', rest) ?? currencyAt('end', rest);
    if (currency !== undefined) {
      currencies.push(currency);
      rest = (rest.startsWith(currency) ? rest.slice(currency.length) : rest.slice(0, -currency.length)).trim();
      continue;
    }
    const sign = rest.startsWith('+') ? '+' : MINUS.exec(rest)?.[0];
    if (sign === undefined) continue;
    signs++;
    isNegative = sign !== '+';
    // "5.-" is 5 in Switzerland and -5 in a bookkeeper's export.
    if (!rest.startsWith(sign) && /[.,]\s*.$/.test(rest)) return undefined;
    rest = (rest.startsWith(sign) ? rest.slice(1) : rest.slice(0, -1)).trim();
  }
  // "$5 USD" has two, one on each side.
  if (signs > 1 || currencies.length > 2) return undefined;
  return { number: rest, isNegative, currency: currencies[0] };
}

function parseSize(number: string, { decimal, thousands, isStated }: AmountStyle): Decimal | undefined {
  const at = number.lastIndexOf(decimal);
  // With a stated comma for thousands "1,234" has no fraction; the decimal sign is never a separator.
  const [whole, fraction] = at === -1 ? [number, ''] : [number.slice(0, at), number.slice(at + 1)];
  if (whole === '' && fraction === '') return undefined;
  if (!isStated && at === -1 && /^[1-9]\d{0,2},\d{3}$/.test(whole)) return undefined;
  const digits = ungrouped(whole, decimal, thousands, isStated);
  return digits === undefined ? undefined : parseDecimal(`${digits || '0'}.${fraction}`);
}

/** Digits without what stands between their groups: threes, or as in India twos before the last three. */
function ungrouped(
  whole: string,
  decimal: '.' | ',',
  thousands: Thousands | undefined,
  isStated: boolean,
): string | undefined {
  if (/^\d*$/.test(whole)) return whole;
  const separator = /\D/.exec(whole)?.[0] ?? '';
  const kind = THOUSANDS.find((sign) => SEPARATORS[sign].includes(separator) && sign !== '');
  if (kind === undefined || kind === decimal || (thousands !== undefined && kind !== thousands)) return undefined;
  const groups = whole.split(separator);
  const isInThrees = groups.every((group, index) => (index === 0 ? /^[1-9]\d{0,2}$/ : /^\d{3}$/).test(group));
  const isIndian =
    isStated &&
    groups.every((group, index) =>
      (index === 0 ? /^[1-9]\d?$/ : index === groups.length - 1 ? /^\d{3}$/ : /^\d\d$/).test(group),
    );
  return isInThrees || isIndian ? groups.join('') : undefined;
}

/** What is allowed in place of a text that is no amount, with what to do about the kind of text that it is. */
function allowedFor(text: string, { decimal, isStated }: AmountStyle): string {
  const [example, other] = decimal === '.' ? ['1,234.50', '1.234,50'] : ['1.234,50', '1,234.50'];
  const allowed = `a decimal like ${example}`;
  if (/\d\s*%/.test(text)) return `${allowed}, and no percentage`;
  if (/\d[eE][+-]?\d/.test(text))
    return `${allowed}, without an exponent: it hides the digits that a spreadsheet cut off`;
  if (/[.,]\s*[-\u2212\u2013]+\D*$/.test(text))
    return `${allowed}; a minus after the decimal sign may mean no cents or less than nothing`;
  if (!isStated && /\d,\d/.test(text)) {
    return `${allowed}; where a comma stands before the decimals give "decimal": "," in the mapping, where it groups thousands "decimal": "."`;
  }
  const opposite = decimal === '.' ? ',' : '.';
  if (new RegExp(`\\${opposite}\\d{1,2}\\D*$`).test(text))
    return `${allowed}; for ${other} give "decimal": "${opposite}" in the mapping`;
  return allowed;
}
