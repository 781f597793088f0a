import { quoted } from '@tandem/shared';
import type { Authority } from '@tandem/shared/adapters/http/authority';
import { faultOfHost, type HostNames } from '@tandem/shared/adapters/http/host-guard';
import { SECURITY_HEADERS } from '@tandem/shared/adapters/http/security-headers';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { HttpProblem } from './problem.js';
import { contentTypeOf, unsupportedType } from './read-body.js';

export type GuardOptions = HostNames & {
  /** Origins whose pages may read, as browsers write them. */
  readonly allowedOrigins: readonly string[];
};

const READING = ['GET', 'HEAD', 'OPTIONS'];
const OWN_SITES = ['same-origin', 'none'];
const EXPOSED =
  'Content-Disposition, Location, Retry-After, Tandem-Status, Tandem-Run, Tandem-Approximate, Tandem-Freshness';

/**
 * What every request passes before its token is looked at: it must call this service by one of its names, and a web
 * page may write only if it is the service's own. Whoever is not a browser sends neither Origin nor Sec-Fetch-Site.
 */
export function guard(options: GuardOptions): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    response.setHeader('Vary', 'Origin, Accept');
    refuseHost(request, options);
    const origin = request.headers.origin;
    if (origin !== undefined && options.allowedOrigins.includes(origin)) letRead(response, origin);
    if (isPreflight(request)) answerPreflight(request, response, options);
    else {
      if (!READING.includes(request.method)) refuseForeignPage(request, options.allowedHosts);
      next();
    }
  };
}

/** A page that writes must say that it sends JSON: a page of another origin then has to ask first, and is told no. */
export function refuseUntypedFromPage(request: Request, allowed: readonly string[]): void {
  const type = contentTypeOf(request);
  if (request.headers.origin !== undefined && !allowed.includes(type)) throw unsupportedType(type, allowed);
}

function refuseHost(request: Request, names: HostNames): void {
  const fault = faultOfHost(request, names);
  if (fault === undefined) return;
  const { status, found, detail } = fault;
  const type = status === 421 ? 'misdirected' : 'request-invalid';
  throw new HttpProblem(status, type, 'The service is not called by this name', detail, {
    facts: { found, setting: 'ALLOWED_HOSTS' },
  });
}

function letRead(response: Response, origin: string): void {
  response.setHeader('Access-Control-Allow-Origin', origin);
  response.setHeader('Access-Control-Expose-Headers', EXPOSED);
}

function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && 'access-control-request-method' in headers;
}

function answerPreflight(request: Request, response: Response, { allowedOrigins }: GuardOptions): void {
  const origin = request.headers.origin ?? '';
  if (!allowedOrigins.includes(origin)) {
    const allowed = 'allowed to read are the pages of the origins in ALLOWED_ORIGINS';
    throw foreign(`Origin: found ${quoted(origin)}; ${allowed}`);
  }
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'GET',
    'Access-Control-Allow-Headers': 'authorization, content-type',
    'Access-Control-Max-Age': '600',
  });
  response.end();
}

function refuseForeignPage({ headers }: Request, allowedHosts: readonly Authority[]): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && !OWN_SITES.includes(String(site))) {
    throw foreign(`Sec-Fetch-Site: found ${quoted(String(site))}; allowed for writing is a page of the service itself`);
  }
  const { origin } = headers;
  if (origin === undefined || isOwnOrigin(origin, headers.host ?? '', allowedHosts)) return;
  throw foreign(
    `Origin: found ${quoted(origin)}; allowed for writing is a page of the service itself, or a program that sends no Origin`,
  );
}

/** Behind a proxy the Host may be the proxy's choice: there ALLOWED_HOSTS names what the browser was asked for. */
function isOwnOrigin(origin: string, host: string, allowedHosts: readonly Authority[]): boolean {
  const authority = authorityOf(origin);
  if (authority === undefined) return false;
  const listed = allowedHosts.map(({ name, port }) => (port === undefined ? name : `${name}:${port}`));
  return [...listed, host].some((own) => authorityOf(`${new URL(origin).protocol}//${own}`) === authority);
}

/** Name and port, without the port that goes without saying; undefined for what is not an origin of the web. */
function authorityOf(origin: string): string | undefined {
  if (!/^https?:\/\/[^/?#@]+$/i.test(origin) || !URL.canParse(origin)) return undefined;
  return new URL(origin).host.replace(/\.(?=:|$)/, '');
}

function foreign(detail: string): HttpProblem {
  return new HttpProblem(403, 'foreign-page', 'A web page of another origin may not do this', detail);
}
