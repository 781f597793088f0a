import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { messageOf } from '../errors.js';
import { type Event, eventSchema } from './event.js';

/** Largest record value that can be an event, in bytes (inclusive). */
export const MAX_EVENT_BYTES = 65_536;

/** Why something is not an event: `path` is dotted ("amount"), empty when it is about the whole. */
export type Refusal = { readonly path: string; readonly reason: string };

export type Decoded = { readonly event: Event } | { readonly refusal: Refusal };

const compiled = z.compile(eventSchema, { strict: true });

/** Decodes the bytes of a log record or of one NDJSON line. Never throws. Both layers decide by this function alone. */
export function decodeEvent(bytes: Uint8Array | null): Decoded {
  if (bytes === null || bytes.length === 0) return refuse('', 'found no bytes; allowed is one JSON object');
  if (bytes.length > MAX_EVENT_BYTES) {
    return refuse('', `found ${bytes.length} bytes; allowed are at most ${MAX_EVENT_BYTES}`);
  }
  const text = textOf(bytes);
  // Decoding puts this character where bytes are no UTF-8; only then need they be looked at again.
  if (text.includes('\ufffd') && !isUtf8(bytes)) {
    return refuse('', 'found bytes that are not UTF-8; allowed is JSON in UTF-8');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse('', `not JSON: ${messageOf(error)}`);
  }
  return validateEvent(value);
}

/** Validates a parsed JSON value against the schema of its `type`. Never throws. */
export function validateEvent(value: unknown): Decoded {
  const result = compiled.safeParse(value);
  if (result.success) return { event: result.data };
  const issue = result.error.issues[0];
  return refuse(issue?.path.map(String).join('.') ?? '', issue?.message ?? 'does not match the schema');
}

function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('utf8');
}

function refuse(path: string, reason: string): Decoded {
  return { refusal: { path, reason } };
}
