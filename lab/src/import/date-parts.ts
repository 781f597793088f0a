/** What a part of a date format gives: at most one part of a format may give the same. */
export type Gives =
  | 'year'
  | 'month'
  | 'day'
  | 'weekday'
  | 'hour'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'half'
  | 'offset';

/** `name` is what to call the group in the pattern; parts without one are read over. */
type Part = { readonly gives: Gives; readonly pattern: string };

const NAME = '[\\p{L}\\p{M}]+\\.?';
const HALF = '[AaPp]\\.?\\s?[Mm]\\.?';
const OFFSET = 'Z|z|UTC|GMT|[+\\-\\u2212]\\d\\d(?::?\\d\\d)?';

/** Two letters ask for two digits, one letter for one or two. */
const PARTS: Readonly<Record<string, Part>> = {
  YYYY: { gives: 'year', pattern: '(?<year>\\d{4})' },
  YY: { gives: 'year', pattern: '(?<shortYear>\\d{2})' },
  MMMM: { gives: 'month', pattern: `(?<monthName>${NAME})` },
  MMM: { gives: 'month', pattern: `(?<monthName>${NAME})` },
  MM: { gives: 'month', pattern: '(?<month>\\d{2})' },
  M: { gives: 'month', pattern: '(?<month>\\d{1,2})' },
  Do: { gives: 'day', pattern: '(?<day>\\d{1,2})(?:st|nd|rd|th)' },
  DD: { gives: 'day', pattern: '(?<day>\\d{2})' },
  D: { gives: 'day', pattern: '(?<day>\\d{1,2})' },
  dddd: { gives: 'weekday', pattern: NAME },
  ddd: { gives: 'weekday', pattern: NAME },
  HH: { gives: 'hour', pattern: '(?<hour>\\d{2})' },
  H: { gives: 'hour', pattern: '(?<hour>\\d{1,2})' },
  hh: { gives: 'hour', pattern: '(?<hour>\\d{2})' },
  h: { gives: 'hour', pattern: '(?<hour>\\d{1,2})' },
  mm: { gives: 'minute', pattern: '(?<minute>\\d{2})' },
  m: { gives: 'minute', pattern: '(?<minute>\\d{1,2})' },
  ss: { gives: 'second', pattern: '(?<second>\\d{2})' },
  s: { gives: 'second', pattern: '(?<second>\\d{1,2})' },
  A: { gives: 'half', pattern: `(?<half>${HALF})` },
  a: { gives: 'half', pattern: `(?<half>${HALF})` },
  ZZ: { gives: 'offset', pattern: `(?<offset>${OFFSET})` },
  Z: { gives: 'offset', pattern: `(?<offset>${OFFSET})` },
};
/** Any number of S: the digits of a fraction are as many as they are. */
const FRACTION: Part = { gives: 'fraction', pattern: '(?<fraction>\\d{1,9})' };
const PART_NAMES = Object.keys(PARTS).toSorted((a, b) => b.length - a.length);
const PART = new RegExp(`${PART_NAMES.join('|')}|S+`, 'gy');

/** Quoted words in either way, runs of letters, and what stands between: also the letters of scripts without spaces. */
const PIECE =
  /'[^']*'|\[[^\]]*\]|(?:(?![\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}])\p{L})+|[^\p{L}'[]+|./gsu;

/** For messages. */
export const ALLOWED_PARTS =
  'YYYY YY MMMM MMM MM M DD D Do dddd ddd HH H hh h mm m ss s SSS A Z, words like "um" as they are or \'quoted\'';

export type Piece = { readonly part: Part; readonly text: string } | { readonly literal: string };

/** The pieces of a format, or what is wrong with it. */
export function piecesOf(format: string): readonly Piece[] | { readonly problem: string } {
  const pieces: Piece[] = [];
  for (const [text] of format.matchAll(PIECE)) {
    if (/^['[]/.test(text)) {
      if (text.length === 1) return { problem: `a ${text} that is not closed` };
      // Two quotes stand for one.
      pieces.push({ literal: text === "''" ? "'" : text.slice(1, -1) });
    } else if (/^\p{L}/u.test(text)) {
      const found = piecesOfLetters(text, pieces);
      if ('problem' in found) return found;
      pieces.push(...found);
    } else pieces.push({ literal: text });
  }
  return twice(pieces) ?? pieces;
}

/** Letters that are parts from end to end, T between a day and an hour, or a word of a language. */
function piecesOfLetters(letters: string, before: readonly Piece[]): readonly Piece[] | { readonly problem: string } {
  const parts = partsOf(letters, before);
  if (parts) return parts;
  // A word that holds a part of two letters, as "HHuhr" does, or one letter again and again, is more likely a mistake.
  const isWord = !/YY|MM|DD|HH|hh|mm|ss|SS/.test(letters) && !/^(.)\1*$/u.test(letters);
  if (isWord || /^\P{ASCII}+$/u.test(letters)) return [{ literal: letters }];
  return { problem: `the letters ${letters}, which are no part` };
}

function partsOf(letters: string, before: readonly Piece[]): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (let at = 0; at < letters.length; ) {
    PART.lastIndex = at;
    const text = PART.exec(letters)?.[0] ?? (letters[at] === 'T' ? 'T' : undefined);
    if (text === undefined) return undefined;
    at += text.length;
    const part = text.startsWith('S') ? FRACTION : PARTS[text];
    const hasHour = [...before, ...pieces].some((piece) => 'part' in piece && piece.part.gives === 'hour');
    // 14h30: the letter stands between hour and minute.
    const isLiteral = part === undefined || (text === 'h' && hasHour);
    pieces.push(isLiteral ? { literal: text } : { part, text });
  }
  return pieces;
}

function twice(pieces: readonly Piece[]): { readonly problem: string } | undefined {
  const seen = new Map<Gives, string>();
  for (const piece of pieces) {
    if ('literal' in piece) continue;
    const first = seen.get(piece.part.gives);
    if (first !== undefined) {
      return { problem: `the ${piece.part.gives} twice, as ${first} and ${piece.text}` };
    }
    seen.set(piece.part.gives, piece.text);
  }
  return undefined;
}
