import type { IncomingMessage } from 'node:http';
import { type Authority, isLoopbackName, nameOfAddress, readAuthority } from './authority.js';

export type HostNames = {
  /** The address that the server listens on. */
  readonly host: string;
  /** Further names under which it may be called; without a port with any. */
  readonly allowedHosts: readonly Authority[];
};

/** 421 for a name that is not ours, 400 for a request without one clear name. */
export type HostFault = { readonly status: 400 | 421; readonly found: string; readonly detail: string };

const MAX_QUOTED = 200;
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;
const REMEDY =
  'allowed are the address that the service listens on, localhost, 127.0.0.1 and [::1], each with its port, and what ALLOWED_HOSTS lists: set ALLOWED_HOSTS to the name that callers use';

/**
 * What is wrong with the name under which a request calls this server; undefined when nothing is. A web page whose name
 * was made to point at this machine (DNS rebinding) carries its own name here, and so gets nothing.
 */
export function faultOfHost(request: IncomingMessage, names: HostNames): HostFault | undefined {
  const given = hostsOf(request);
  if (given.length > 1) return fault(400, given.join(', '), 'allowed is one Host header');
  if (given[0] === undefined) {
    return fault(request.httpVersion === '1.0' ? 421 : 400, '', `a Host header is needed; ${REMEDY}`);
  }
  // A whole address in the request line counts instead of the header: so both must be ours.
  const target = ABSOLUTE.exec(request.url ?? '')?.[1];
  const foreign = [given[0], target].find((text) => text !== undefined && !isOurs(text, request, names));
  return foreign === undefined ? undefined : fault(421, foreign, REMEDY);
}

function hostsOf({ rawHeaders }: IncomingMessage): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
}

function isOurs(text: string, { socket }: IncomingMessage, { host, allowedHosts }: HostNames): boolean {
  const found = readAuthority(text);
  if (found === undefined) return false;
  if (allowedHosts.some((allowed) => isAllowed(found, allowed))) return true;
  if ((found.port ?? 80) !== socket.localPort) return false;
  // No page can have a foreign address for its name, so the one that the connection came in on is safe.
  const own = [host, socket.localAddress ?? ''].map(nameOfAddress);
  return isLoopbackName(found.name) || own.includes(found.name);
}

function isAllowed(found: Authority, allowed: Authority): boolean {
  if (found.name !== allowed.name) return false;
  const isDefault = found.port === undefined && (allowed.port === 80 || allowed.port === 443);
  return allowed.port === undefined || allowed.port === found.port || isDefault;
}

function fault(status: HostFault['status'], given: string, allowed: string): HostFault {
  const found = given.slice(0, MAX_QUOTED);
  return { status, found, detail: `Host: found ${JSON.stringify(found)}; ${allowed}` };
}
