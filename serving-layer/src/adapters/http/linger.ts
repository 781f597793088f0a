import type { Request, Response } from 'express';
import { isBroken } from './connections.js';

/** How long the rest of a body is still read, once its answer is out. */
export const LINGER_MS = 10_000;

/** True when more of the request's body may be under way, or what comes cannot be read: then the connection must end. */
export function isUnderWay(request: Request): boolean {
  const { complete, headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  return hasBody && (!complete || isBroken(request));
}

/**
 * Ends an answer whose bytes are written, though the caller may still be sending. A connection that is closed while
 * bytes of its caller lie unread is reset, and a reset takes the answer away from a caller who has not read it yet. So
 * the rest of the body is read and dropped first, for at most `lingerMs`; then the connection ends.
 */
export function endAfterBody(request: Request, response: Response, lingerMs: number): void {
  // A body that broke off has ended, though it is not complete.
  if (request.readableEnded || request.destroyed) {
    response.end();
    return;
  }
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  request.once('end', end).once('close', end).once('error', end);
  request.resume();
}
