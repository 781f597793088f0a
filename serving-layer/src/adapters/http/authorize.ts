import { createHash, timingSafeEqual } from 'node:crypto';
import { TandemError } from '@tandem/shared';
import type { Request } from 'express';

const BEARER = /^Bearer (.+)$/i;

/** Checks the bearer token of a request that writes; without a configured token everybody may. Throws `unauthorized`. */
export function authorize(request: Request, token: string | undefined): void {
  if (token === undefined) return;
  const given = BEARER.exec(request.headers.authorization ?? '')?.[1];
  if (given !== undefined && isEqual(given, token)) return;
  const found = given === undefined ? 'no bearer token' : 'another token';
  throw new TandemError('unauthorized', `found ${found}; allowed is the header "Authorization: Bearer <API_TOKEN>"`);
}

/** Compares digests, which are of one length, in constant time: neither length nor content leaks. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
