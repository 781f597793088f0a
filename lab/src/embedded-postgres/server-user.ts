import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { TandemError } from '@tandem/shared';

/** The account that Postgres runs as. */
export type ServerUser = { readonly uid: number; readonly gid: number };

/** Accounts that a Linux or macOS system has without our making one; the first that exists is taken. */
const ACCOUNTS = ['postgres', 'nobody'];

/**
 * Postgres refuses to run as root. Returns the account it runs as instead, or undefined when we are an ordinary user:
 * then it runs as ourselves. Throws `unavailable` when root has no such account.
 */
export async function findServerUser(): Promise<ServerUser | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const accounts = parseAccounts(await readFile('/etc/passwd', 'utf8'));
  for (const name of ACCOUNTS) {
    const account = accounts.get(name);
    if (account) return account;
  }
  throw new TandemError(
    'unavailable',
    `Postgres cannot run as root and /etc/passwd has none of the accounts ${ACCOUNTS.join(', ')}; add one of them or start as an ordinary user`,
  );
}

/** Account by name from the lines `name:password:uid:gid:…`. */
export function parseAccounts(passwd: string): ReadonlyMap<string, ServerUser> {
  const accounts = passwd.split('\n').map((line) => line.split(':'));
  return new Map(accounts.map(([name = '', , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]));
}
