import { z } from 'zod';
import { allowedNames, quoted, quotedValue, shown } from '../wording.js';
import { EVENT_TYPES, type Event, type EventType, eventSchema, eventSchemas } from './event.js';
import { partsOf, readJsonText, repeatedKey, repeatedKeyOf } from './json-text.js';

/** Largest record value that can be an event, in bytes (inclusive). */
export const MAX_EVENT_BYTES = 65_536;

/** Why something is not an event: `path` is dotted ("amount"), empty when it is about the whole. */
export type Refusal = { readonly path: string; readonly reason: string };

export type Decoded = { readonly event: Event } | { readonly refusal: Refusal };

/** `,"sku":1`: the least that a key which is there twice makes a text longer, as no field's name is shorter. */
const LEAST_REPETITION = 8;

const compiled = z.compile(eventSchema, { strict: true });

/** Decodes the bytes of a log record or of one NDJSON line. Never throws. Both layers decide by this function alone. */
export function decodeEvent(bytes: Uint8Array | null): Decoded {
  if (bytes === null || bytes.length === 0) return refuse('', 'found no bytes; allowed is one JSON object');
  if (bytes.length > MAX_EVENT_BYTES) {
    return refuse('', `found ${bytes.length} bytes; allowed are at most ${MAX_EVENT_BYTES}`);
  }
  const json = readJsonText(bytes);
  if ('fault' in json) return refuse('', json.fault);
  const decoded = validate(json.value, json.text);
  if ('event' in decoded && mayRepeatKey(json.text, json.value as FlatObject, bytes)) {
    const key = repeatedKeyOf(json.text);
    if (key !== undefined) return refuse('', repeatedKey(key));
  }
  return decoded;
}

/** Validates a parsed JSON value against the schema of its `type`. Never throws. */
export function validateEvent(value: unknown): Decoded {
  return validate(value, undefined);
}

function validate(value: unknown, text: string | undefined): Decoded {
  const result = compiled.safeParse(value);
  if (result.success) return { event: result.data };
  return { refusal: refusalOf(result.error.issues[0], value, text) };
}

type FlatObject = Readonly<Record<string, string | number | null>>;

/**
 * False when the text of a valid event cannot hold a key twice. This runs for every event of every layer, so it looks
 * at its bytes only where the text is longer than its members at their shortest, which is what most programs send.
 */
function mayRepeatKey(text: string, event: FlatObject, bytes: Uint8Array): boolean {
  let least = 1 + LEAST_REPETITION;
  for (const key in event) {
    const value = event[key];
    least += key.length + (typeof value === 'string' ? value.length + 6 : value === null ? 8 : 5);
  }
  return text.length >= least && quotesIn(bytes) > quotesOf(event);
}

/** The quotation marks of an event without such a key. One that is part of a text is there too, behind a backslash. */
function quotesOf(event: FlatObject): number {
  let quotes = 0;
  for (const key in event) quotes += typeof event[key] === 'string' ? 4 : 2;
  return quotes;
}

function quotesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === QUOTE) count++;
  return count;
}

const QUOTE = 0x22;

/** What was found, as it was written where there is a text, and what the schema allows. */
function refusalOf(issue: z.core.$ZodIssue | undefined, value: unknown, text: string | undefined): Refusal {
  const path = issue?.path.map(String).join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') return { path, reason: unknownKey(issue.keys[0] ?? '', value) };
  const [found, raw] = foundAt(path, value, text);
  const allowed = path === 'type' ? allowedNames(found, EVENT_TYPES) : issue?.message;
  if (path === '') return { path, reason: `found ${raw}; allowed is one JSON object with a "type"` };
  return { path, reason: `found ${raw}; ${allowed}` };
}

function unknownKey(key: string, value: unknown): string {
  const { type } = value as { readonly type: EventType };
  return `found the key ${quoted(key)}; ${allowedNames(key, Object.keys(eventSchemas[type].shape))}`;
}

/** The value at a path of at most one key, and how it is written. */
function foundAt(path: string, value: unknown, text: string | undefined): readonly [unknown, string] {
  if (path === '') return [value, text === undefined ? quotedValue(value) : shown(text.trim())];
  if (!Object.hasOwn(Object(value) as object, path)) return [undefined, `no ${quoted(path)}`];
  const found = (value as Readonly<Record<string, unknown>>)[path];
  const raw = typeof found === 'string' || text === undefined ? undefined : rawMember(text, path);
  return [found, raw === undefined ? quotedValue(found) : shown(raw)];
}

/** The last one of its name, which is the one that counts. */
function rawMember(text: string, name: string): string | undefined {
  return partsOf(text).findLast(({ key }) => key === name)?.raw;
}

function refuse(path: string, reason: string): Decoded {
  return { refusal: { path, reason } };
}
