/** The part of an address that names a server: "localhost:8080", "[::1]". */
export type Authority = {
  /** As browsers write it: lower case, IPv4 and IPv6 in their one form, IPv6 in brackets, without a dot at the end. */
  readonly name: string;
  /** Undefined when none is written: 80 for http, 443 for https. */
  readonly port: number | undefined;
};

const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{0,5}))?$/i;
const IPV4_LOOPBACK = /^127\.\d+\.\d+\.\d+$/;
const MAPPED_LOOPBACK = /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/;

/** Undefined for anything that is not a name or an address with an optional port. */
export function readAuthority(text: string): Authority | undefined {
  const [, host = '', port = ''] = AUTHORITY.exec(text) ?? [];
  const url = host === '' ? null : `http://${host}`;
  if (url === null || !URL.canParse(url) || Number(port) > 65_535) return undefined;
  return { name: new URL(url).hostname.replace(/\.$/, ''), port: port === '' ? undefined : Number(port) };
}

/** The name under which an address to listen on, or one that a socket tells, is called. */
export function nameOfAddress(address: string): string | undefined {
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return readAuthority(bare.includes(':') ? `[${bare}]` : bare)?.name;
}

/** True for names that always mean this machine: no name server can make them mean another. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || IPV4_LOOPBACK.test(name) || MAPPED_LOOPBACK.test(name);
}
