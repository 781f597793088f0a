/** How shops write currencies besides the one sign that Unicode has for each and the codes of ISO 4217. */
const WORDS = 'US$ A$ AU$ C$ CA$ NZ$ HK$ S$ R$ MX$ NT$ CN¥ JP¥ zł Kč Ft lei S/ RM Rp R TL Euro Euros'.split(' ');
/** These may have a point behind them: "kr. 5" is 5, where "$.5" is a half. */
const WORDS_WITH_POINT = 'kr Fr SFr Rs лв руб р'.split(' ');

const literal = (word: string) => word.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const words = [
  ...WORDS.map(literal),
  ...Intl.supportedValuesOf('currency'),
  ...WORDS_WITH_POINT.map((word) => `${word}\\.?`),
].toSorted((a, b) => b.length - a.length);
/** A cent sign divides by a hundred: it is none. */
const CURRENCY = `(?:${words.join('|')}|(?![¢￠])\\p{Sc})`;
/** A word before a number ends where no other letter follows; after a number it begins where none goes before. */
const AT_START = new RegExp(`^${CURRENCY}(?!\\p{L})`, 'iu');
const AT_END = new RegExp(`(?<!\\p{L})${CURRENCY}$`, 'iu');

/** The currency that a text begins or ends with, as written; undefined without one. */
export function currencyAt(end: 'start' | 'end', text: string): string | undefined {
  return (end === 'start' ? AT_START : AT_END).exec(text)?.[0];
}
