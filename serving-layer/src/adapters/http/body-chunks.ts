import { quoted, suggestion, TandemError } from '@tandem/shared';
import type { Request } from 'express';
import { isBroken } from './connections.js';
import { HttpProblem } from './problem.js';
import { ENCODINGS, unpacked } from './unpack.js';

const UTF8 = ['utf-8', 'utf8', 'us-ascii'];

/**
 * The chunks of a body, unpacked. Throws 415 for a Content-Encoding that is not read, and while it is read
 * `request-invalid` where it breaks off or is not what it is said to be, and 413 for what unpacks to far too much.
 */
export function bodyChunks(request: Request): AsyncIterable<Buffer> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity';
  const name = encoding === 'x-gzip' ? 'gzip' : encoding;
  if (!ENCODINGS.includes(name)) throw unsupportedEncoding(encoding);
  const bytes = name === 'identity' ? whole(request) : unpacked(whole(request), name);
  const charset = charsetOf(request);
  return UTF8.includes(charset) ? bytes : plainAscii(bytes, charset);
}

function unsupportedEncoding(found: string): HttpProblem {
  const detail = `Content-Encoding: found ${quoted(found)}; allowed: ${ENCODINGS.join(', ')}${suggestion(found, ENCODINGS)}`;
  return new HttpProblem(415, 'unsupported-media-type', 'The body is packed in a way that is not read here', detail, {
    facts: { allowed: ENCODINGS },
  });
}

/** The chunks as they come. Whoever stops reading early still wants to answer, so the connection stays. */
async function* whole(request: Request): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (!isBroken(request)) return;
  const declared = request.headers['content-length'];
  const found = declared === undefined ? `${bytes} bytes` : `${bytes} of the ${declared} bytes of its Content-Length`;
  throw new TandemError('request-invalid', `found a body that breaks off after ${found}; allowed is a whole body`);
}

function charsetOf(request: Request): string {
  const type = request.headers['content-type'] ?? '';
  return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
}

/** JSON knows no charset (RFC 8259, 11), so one that is given does not count. Where it would change a letter, that is said. */
async function* plainAscii(bytes: AsyncIterable<Buffer>, charset: string): AsyncGenerator<Buffer> {
  for await (const chunk of bytes) {
    const at = chunk.findIndex((byte) => byte > 0x7f);
    if (at !== -1) {
      yield chunk.subarray(0, at);
      throw new TandemError(
        'request-invalid',
        `Content-Type: found charset ${quoted(charset)} and a byte beyond ASCII; allowed is JSON in UTF-8, whatever the charset: send UTF-8 and no charset`,
      );
    }
    yield chunk;
  }
}
