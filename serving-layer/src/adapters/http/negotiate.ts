import { quoted } from '@tandem/shared';
import type { Request } from 'express';
import { HttpProblem } from './problem.js';
import { queryStringOf } from './route.js';

export const JSON_TYPE = 'application/json';
export const CSV_TYPE = 'text/csv';

/** The parameters that a caller may name besides the type itself. */
const PARAMETERS = ['', '; charset=utf-8', '; header=present', '; charset=utf-8; header=present'];
/** Prometheus also accepts anything, in the last place; what it is given must be its own format all the same. */
const SCRAPER_ACCEPTS = /application\/openmetrics-text|io\.prometheus|text\/plain\s*;\s*version=/i;
const SCRAPER_AGENT = /^prometheus\//i;
const NO_SCRAPING =
  'GET /metrics lists the metrics of the shop as JSON; there is no text for Prometheus yet that tells of the service itself: GET /health, /ready and /ledger say how it is';

/** Which of the types that a route gives, best first, the caller wants. Throws 406 when it wants none of them. */
export function negotiate(request: Request, types: readonly string[]): string {
  const { accept = '', 'user-agent': agent = '' } = request.headers;
  if (SCRAPER_ACCEPTS.test(accept) || (SCRAPER_AGENT.test(agent) && !accept.includes(JSON_TYPE))) {
    throw notAcceptable(accept, types, NO_SCRAPING);
  }
  if (accept.trim() === '' || accept === '*/*') return types[0] ?? JSON_TYPE;
  const offered = types.flatMap((type) => PARAMETERS.map((parameters) => `${type}${parameters}`));
  const chosen = request.accepts(offered);
  if (chosen === false) throw notAcceptable(accept, types, 'ask for one of them, or for */*');
  return types.find((type) => chosen.startsWith(type)) ?? JSON_TYPE;
}

/** The parameter counts for more than the header: it is what was written for this one question. */
export function hasFormat(request: Request): boolean {
  return request.url.includes('format') && new URLSearchParams(queryStringOf(request)).has('format');
}

function notAcceptable(accept: string, types: readonly string[], advice: string): HttpProblem {
  const detail = `Accept: found ${quoted(accept)}; allowed: ${types.join(', ')}; ${advice}`;
  return new HttpProblem(406, 'not-acceptable', 'The answer is not given in this form', detail, {
    facts: { allowed: types },
  });
}
