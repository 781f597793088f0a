import { quoted, readJsonText, TandemError } from '@tandem/shared';
import type { Request } from 'express';
import { bodyChunks } from './body-chunks.js';
import { within } from './gate.js';
import { HttpProblem } from './problem.js';

/** What a body says, and how it is written. */
export type JsonBody = { readonly text: string; readonly value: unknown };

/** Largest body that is not a stream, in bytes, unpacked (inclusive). */
export const MAX_BODY_BYTES = 1_048_576;

/** "application/json" of "application/json; charset=utf-8"; empty when there is none. */
export function contentTypeOf(request: Request): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

export function unsupportedType(found: string, allowed: readonly string[]): HttpProblem {
  const detail = `Content-Type: found ${quoted(found)}; allowed: ${allowed.join(', ')}`;
  return new HttpProblem(415, 'unsupported-media-type', 'The body is of a kind that is not read here', detail, {
    facts: { allowed },
  });
}

/** The JSON of a body of at most MAX_BODY_BYTES; undefined for an empty one. Throws 413 and `request-invalid`. */
export async function readJson(request: Request, deadlineMs: number): Promise<JsonBody | undefined> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_BODY_BYTES) throw bodyTooLarge(declared);
  const bytes = await within(deadlineMs, 'Receiving the body', collect(bodyChunks(request)));
  if (bytes.length === 0) return undefined;
  const json = readJsonText(bytes);
  if ('fault' in json) throw new TandemError('request-invalid', `body: ${json.fault}`);
  return json;
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw bodyTooLarge(bytes);
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}

function bodyTooLarge(found: number): HttpProblem {
  const detail = `found a body of at least ${found} bytes; allowed are ${MAX_BODY_BYTES}: send NDJSON (application/x-ndjson), which may be of any length`;
  return new HttpProblem(413, 'body-too-large', 'The body is too large', detail, {
    facts: { allowed: MAX_BODY_BYTES },
  });
}
