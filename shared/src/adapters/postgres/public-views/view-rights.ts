import { READ_RIGHTS_SQL, SOURCES_SQL } from '../sql/view-rights.sql.js';
import type { Run } from './attempt.js';

/** One privilege of one role, on a view or on one of its columns. Role names are quoted where SQL wants them so. */
export type Right = {
  readonly privilege: string;
  readonly isGrantable: boolean;
  readonly column: string | null;
  readonly isByOwner: boolean;
  readonly grantor: string;
  readonly grantee: string;
  /** False where this role may not grant in the grantor's name: then the owner does. */
  readonly canActAsGrantor: boolean;
};

export function readRights(run: Run, oid: string): Promise<readonly Right[]> {
  return run<Right>(READ_RIGHTS_SQL, [oid]);
}

/** Gives a view these rights: who gave an option is granted to before those that it granted to. */
export async function grantRights(run: Run, view: string, rights: readonly Right[]): Promise<void> {
  let waiting = rights;
  const ready = (right: Right) =>
    right.isByOwner || !waiting.some((other) => other.grantee === right.grantor && other.isGrantable);
  while (waiting.length > 0) {
    const now = waiting.filter(ready);
    // Grants in a circle cannot be made; if there were any, they are made in the order in which they stand.
    for (const right of now.length > 0 ? now : waiting) await grant(run, view, right);
    waiting = now.length > 0 ? waiting.filter((right) => !now.includes(right)) : [];
  }
}

async function grant(run: Run, view: string, right: Right): Promise<void> {
  const { privilege, column, grantee, grantor, isGrantable } = right;
  const isByAnother = !right.isByOwner && right.canActAsGrantor;
  if (isByAnother) await run(`SET LOCAL ROLE ${grantor}`);
  const what = column === null ? privilege : `${privilege} ("${column.replaceAll('"', '""')}")`;
  await run(`GRANT ${what} ON ${view} TO ${grantee}${isGrantable ? ' WITH GRANT OPTION' : ''}`);
  if (isByAnother) await run('RESET ROLE');
}

/** Takes from everybody but the owner what `ALTER DEFAULT PRIVILEGES` gave them on a view that was just made. */
export async function revokeAll(run: Run, view: string, oid: string): Promise<void> {
  for (const grantee of new Set((await readRights(run, oid)).map((right) => right.grantee))) {
    await run(`REVOKE ALL ON ${view} FROM ${grantee}`);
  }
}

/** A view reads with its owner's rights: an owner that is not this role is granted what the view reads. */
export async function letOwnerRead(run: Run, oid: string, owner: string): Promise<void> {
  const [me] = await run<{ isOther: boolean; name: string }>(
    'SELECT current_user <> $1 AS "isOther", quote_ident($1) AS name',
    [owner],
  );
  if (!me?.isOther) return;
  await run(`GRANT USAGE ON SCHEMA tandem TO ${me.name}`);
  for (const { name } of await run<{ name: string }>(SOURCES_SQL, [oid])) {
    await run(`GRANT SELECT ON ${name} TO ${me.name}`);
  }
}
