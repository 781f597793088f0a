import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { messageOf, TandemError } from '@tandem/shared';
import type { Request } from 'express';
import { within } from './gate.js';
import { HttpProblem } from './problem.js';

/** Largest body that is not a stream, in bytes, unpacked (inclusive). */
export const MAX_BODY_BYTES = 1_048_576;

/** "application/json" of "application/json; charset=utf-8"; empty when there is none. */
export function contentTypeOf(request: Request): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

export function unsupportedType(found: string, allowed: readonly string[]): HttpProblem {
  const detail = `Content-Type: found ${JSON.stringify(found.slice(0, 100))}; allowed: ${allowed.join(', ')}`;
  return new HttpProblem(415, 'unsupported-media-type', 'The body is of a kind that is not read here', detail, {
    facts: { allowed },
  });
}

/** The chunks of a body, unpacked if it is gzip'd. Throws 415 for other encodings, `request-invalid` when it breaks. */
export function bodyChunks(request: Request): AsyncIterable<Buffer> {
  const encoding = request.headers['content-encoding']?.toLowerCase() ?? 'identity';
  // Who stops reading early still wants to answer: the connection must stay.
  if (encoding === 'identity') return request.iterator({ destroyOnReturn: false });
  if (encoding !== 'gzip') throw unsupportedEncoding(encoding);
  return gunzipped(request);
}

function unsupportedEncoding(found: string): HttpProblem {
  const detail = `Content-Encoding: found ${JSON.stringify(found.slice(0, 100))}; allowed: gzip, identity`;
  return new HttpProblem(415, 'unsupported-media-type', 'The body is packed in a way that is not read here', detail, {
    facts: { allowed: ['gzip', 'identity'] },
  });
}

async function* gunzipped(request: Request): AsyncGenerator<Buffer> {
  // The pipeline's end is seen by whoever iterates; without a callback it would be thrown.
  const unpacked = pipeline(request, createGunzip(), () => {});
  try {
    for await (const chunk of unpacked) yield chunk as Buffer;
  } catch (error) {
    throw new TandemError('request-invalid', `the body is not whole gzip: ${messageOf(error)}`, { cause: error });
  }
}

/** The JSON value of a body of at most MAX_BODY_BYTES; undefined for an empty one. Throws 413 and `request-invalid`. */
export async function readJson(request: Request, deadlineMs: number): Promise<unknown> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_BODY_BYTES) throw bodyTooLarge(declared);
  const bytes = await within(deadlineMs, 'Receiving the body', collect(bodyChunks(request)));
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new TandemError('request-invalid', `the body is not JSON: ${messageOf(error).slice(0, 200)}`);
  }
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
