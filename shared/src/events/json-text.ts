import { isUtf8 } from 'node:buffer';
import { messageOf } from '../errors.js';
import { quoted } from '../wording.js';

/** A text that is JSON, with its value; or why it is none: what was found, and what is allowed. */
export type JsonText = { readonly text: string; readonly value: unknown } | { readonly fault: string };

/** A member of an object or an item of an array (without a key), as it is written. */
export type JsonPart = { readonly key: string | undefined; readonly raw: string };

const MARK = 0xfeff;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The one reading of bytes as JSON, for every door. They must be UTF-8 (RFC 8259, 8.1); a byte order mark before the
 * text says nothing and is dropped, as that allows. Never throws.
 */
export function readJsonText(bytes: Uint8Array): JsonText {
  const decoded = textOf(bytes);
  // Decoding puts this character where bytes are no UTF-8; only then need they be looked at again.
  if (decoded.includes('\ufffd') && !isUtf8(bytes)) return { fault: faultOfBytes(bytes) };
  const text = decoded.charCodeAt(0) === MARK ? decoded.slice(1) : decoded;
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    return { fault: faultOfText(text, messageOf(error)) };
  }
}

function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('utf8');
}

function faultOfBytes(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const found = isUtf16 ? 'the byte order mark of UTF-16' : 'bytes that are not UTF-8';
  return `found ${found}; allowed is JSON in UTF-8`;
}

function faultOfText(text: string, reason: string): string {
  if (text.trim() === '') return 'found no JSON; allowed is JSON in UTF-8';
  const at = /at position (\d+)/.exec(reason)?.[1];
  const isCutOff = /end of JSON|Unterminated string/.test(reason) || Number(at) >= text.trimEnd().length;
  if (isCutOff) {
    return `found JSON that is not whole: it ends with ${quoted(text.trimEnd().slice(-20))}; allowed is whole JSON in UTF-8`;
  }
  const place = at === undefined ? `it begins with ${quoted(text.slice(0, 20))}` : placeOf(text, Number(at));
  return `found text that is not JSON: ${place}; allowed is JSON in UTF-8`;
}

function placeOf(text: string, at: number): string {
  return `not as it goes on at character ${at + 1} with ${quoted(text.slice(at, at + 20))}`;
}

/** The members of the object, or the items of the array, that a text is, which must be JSON. */
export function partsOf(text: string): readonly JsonPart[] {
  const parts: JsonPart[] = [];
  let [depth, start] = [0, 0];
  let key: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if (isOpening(character)) {
      if (++depth === 1) start = at + 1;
    } else if (depth === 1 && character === COLON) {
      key = JSON.parse(text.slice(start, at)) as string;
      start = at + 1;
    } else if (depth === 1 && (character === COMMA || isClosing(character))) {
      const raw = text.slice(start, at).trim();
      if (raw !== '') parts.push({ key, raw });
      start = at + 1;
      if (character !== COMMA) depth--;
    } else if (isClosing(character)) depth--;
  }
  return parts;
}

const COMMA = 0x2c;
const COLON = 0x3a;

function isOpening(character: number): boolean {
  return character === 0x7b || character === 0x5b;
}

function isClosing(character: number): boolean {
  return character === 0x7d || character === 0x5d;
}

/** Where the string that begins at a quotation mark ends: at the next one that no backslash takes for the text. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before--;
  return (at - before) % 2 === 0;
}

/**
 * The first key that an object of the text has twice, at any depth; the text must be JSON. Which of the two values was
 * meant cannot be known (RFC 8259, 4), and programs differ in which they take. Takes time with the square of the depth:
 * ask it of values whose shape was checked.
 */
export function repeatedKeyOf(text: string): string | undefined {
  for (const open = [text]; open.length > 0; ) {
    const parts = partsOf(open.pop() ?? '');
    const keys = parts.flatMap(({ key }) => (key === undefined ? [] : [key]));
    const repeated = keys.find((key, at) => keys.indexOf(key) !== at);
    if (repeated !== undefined) return repeated;
    open.push(...parts.flatMap(({ raw }) => (/^[[{]/.test(raw) ? [raw] : [])));
  }
  return undefined;
}

/** What every door says of a key that is there twice. */
export function repeatedKey(key: string): string {
  return `found the key ${quoted(key)} more than once; allowed is each key once`;
}
