import { closest, distance } from 'fastest-levenshtein';

/** Longest piece of what was found that an error repeats, in characters. */
const MAX_QUOTED = 100;
/** What is left at the end of a cut through a character. */
const HALF = /[\ud800-\udbff]$/;
/** Whatever cannot be seen, or changes how the rest is seen. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Text in quotation marks, as JSON has it, with all that cannot be seen written as `\u…`. */
export function quoted(text: string): string {
  return shown(JSON.stringify(text.slice(0, MAX_QUOTED + 1)));
}

/** Any value as JSON writes it, cut to what an error repeats. */
export function quotedValue(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === undefined) return 'nothing';
  try {
    return shown(JSON.stringify(value) ?? typeof value);
  } catch {
    return 'a value that JSON cannot write';
  }
}

/** JSON text as it was written, cut to what an error repeats: a number keeps its digits, however many. */
export function shown(json: string): string {
  if (json.length <= MAX_QUOTED) return json.replace(UNSEEN, escaped);
  return `${json.slice(0, MAX_QUOTED).replace(HALF, '').replace(UNSEEN, escaped)}…`;
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, at) => {
    return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }).join('');
}

/** "; did you mean books?" when what was found is nearly one of the names that are allowed; else nothing. */
export function suggestion(found: unknown, allowed: readonly string[]): string {
  if (typeof found !== 'string' || found === '' || found.length > MAX_QUOTED || allowed.length === 0) return '';
  const nearest = closest(found.toLowerCase(), [...allowed]);
  const isNear = distance(found.toLowerCase(), nearest) <= Math.max(1, Math.floor(nearest.length / 3));
  return isNear ? `; did you mean ${nearest}?` : '';
}

/** "allowed are a, b, c", with the nearest of them when what was found is nearly one. */
export function allowedNames(found: unknown, allowed: readonly string[]): string {
  return `allowed are ${allowed.join(', ')}${suggestion(found, allowed)}`;
}
