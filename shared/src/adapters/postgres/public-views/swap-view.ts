import pg from 'pg';
import type { PublicColumn, PublicView } from '../../../batch-view/public-views.js';
import type { Transaction } from '../database.js';
import { ATTACHED_SQL, COLUMNS_SQL, FIND_VIEWS_SQL } from '../sql/public-views.sql.js';
import { attempt, type Clock, dependentsNamedBy, type Run } from './attempt.js';
import { grantRights, letOwnerRead, type Right, readRights, revokeAll } from './view-rights.js';

/** What has the name of one of our views. `old` was made by version 0.1; `foreign` is not ours, and is left alone. */
export type FoundView = {
  readonly name: string;
  readonly oid: string;
  readonly owner: string;
  readonly options: string | null;
  readonly kind: 'ours' | 'old' | 'foreign';
};

/** A view that had to keep columns that its definition no longer has, and what it keeps them for. */
export type KeptColumns = {
  readonly view: string;
  readonly columns: readonly string[];
  readonly dependents: readonly string[];
};

export type Swapping = { readonly transaction: Transaction; readonly clock: Clock; readonly run: Run };

type Column = Pick<PublicColumn, 'name' | 'type'>;

/** By name; names that nothing has are left out. */
export async function findViews(
  transaction: Pick<Transaction, 'query'>,
  names: readonly string[],
): Promise<ReadonlyMap<string, FoundView>> {
  const { rows } = await transaction.query<FoundView>(FIND_VIEWS_SQL, [names]);
  return new Map(rows.map((row) => [row.name, row]));
}

/** Makes a view that is not there. `rights` are those of the metric's cube, whose readers may read it too. */
export async function createView(run: Run, view: PublicView, rights: readonly Right[]): Promise<void> {
  await run(createSql(view, view.columns, null));
  await grantRights(run, quoted(view.name), rights);
  await comment(run, view, view.columns);
}

/**
 * Gives a view that is there another definition. Columns are added by replacing it. Where columns must go, it is made
 * anew with its owner, rights and options. Where something depends on it, it is replaced all the same: what its
 * definition no longer has stays as a column of nulls. Returns those columns.
 */
export async function replaceView(
  swapping: Swapping,
  view: PublicView,
  found: FoundView,
): Promise<readonly KeptColumns[] | undefined> {
  const { run } = swapping;
  const existing = await run<Column>(COLUMNS_SQL, [found.oid]);
  const lost = existing.filter((column) => !view.columns.some((wanted) => isSame(wanted, column)));
  const dependents = lost.length === 0 ? [] : await makeAnew(swapping, view, found);
  if (dependents === undefined) return undefined;
  const columns = [
    ...existing.map((column) => keptColumn(view, column, dependents)),
    ...view.columns.filter(({ name }) => !existing.some((column) => column.name === name)),
  ];
  await run(createSql(view, columns, found.options));
  await letOwnerRead(run, found.oid, found.owner);
  await comment(run, view, columns);
  return lost.length === 0 ? undefined : [{ view: view.name, columns: lost.map(({ name }) => name), dependents }];
}

/** Drops the view and makes it again. Returns what depends on it where that is refused, with nothing changed. */
async function makeAnew(
  swapping: Swapping,
  view: PublicView,
  found: FoundView,
): Promise<readonly string[] | undefined> {
  const { owner, options } = found;
  const rights = await readRights(swapping.run, found.oid);
  const name = quoted(view.name);
  return dropAnd(swapping, found, async (within) => {
    const left = rights.filter(
      ({ column }) => column === null || view.columns.some((wanted) => wanted.name === column),
    );
    await within(createSql(view, view.columns, options));
    const [made] = await within<{ oid: string }>(`SELECT $1::regclass::oid::text AS oid`, [name]);
    await within(`ALTER VIEW ${name} OWNER TO ${pg.escapeIdentifier(owner)}`);
    await revokeAll(within, name, made?.oid ?? '');
    await grantRights(within, name, left);
    await letOwnerRead(within, made?.oid ?? '', owner);
    await comment(within, view, view.columns);
  });
}

/** Drops the view and does what comes next. Returns what depends on it where that is refused, with nothing changed. */
async function dropAnd(
  { transaction, clock, run }: Swapping,
  { name, oid }: FoundView,
  next: (within: Run) => Promise<void>,
): Promise<readonly string[] | undefined> {
  const attached = await run<{ name: string }>(ATTACHED_SQL, [oid]);
  if (attached.length > 0) return attached.map((row) => row.name);
  const error = await attempt(transaction, clock, async (within) => {
    await within(`DROP VIEW ${quoted(name)}`);
    await next(within);
  });
  if (error === undefined) return undefined;
  const dependents = dependentsNamedBy(error);
  if (dependents === undefined) throw error;
  return dependents;
}

/** Removes a view of a metric that is no more. Where something depends on it, it stays without rows: see `replaceView`. */
export async function retireView(swapping: Swapping, found: FoundView): Promise<readonly KeptColumns[] | undefined> {
  const { run } = swapping;
  const dependents = await dropAnd(swapping, found, async () => {});
  if (dependents === undefined) return undefined;
  const columns = await run<Column>(COLUMNS_SQL, [found.oid]);
  const nothing: PublicView = {
    name: found.name,
    comment: 'Without rows: the metric that it showed is not defined any more.',
    columns: columns.map((column) => nullColumn(column, 'Nothing: the metric is not defined any more.')),
    from: 'FROM tandem.public_view r WHERE false',
  };
  await run(createSql(nothing, nothing.columns, found.options));
  await comment(run, nothing, nothing.columns);
  return [{ view: found.name, columns: columns.map((column) => column.name), dependents }];
}

function isSame(one: Column, other: Column): boolean {
  return one.name === other.name && one.type === other.type;
}

/** A count is a number of any type; every other value of another type is left out. */
function keptColumn(view: PublicView, column: Column, dependents: readonly string[]): PublicColumn {
  const wanted = view.columns.find(({ name }) => name === column.name);
  if (wanted?.type === column.type) return wanted;
  if (wanted?.type === 'bigint' && column.type.startsWith('numeric')) {
    return { ...wanted, type: column.type, sql: `(${wanted.sql})::${column.type}` };
  }
  const reason = wanted ? `its type is ${wanted.type} now` : 'it is not defined any more';
  return nullColumn(column, `Always null: ${reason}. It is kept for ${dependents.join('; ')}.`);
}

function nullColumn({ name, type }: Column, text: string): PublicColumn {
  return { name, type, sql: `NULL::${type}`, comment: text };
}

function createSql({ name, from }: PublicView, columns: readonly PublicColumn[], options: string | null): string {
  const selected = columns.map((column) => `${column.sql} AS ${pg.escapeIdentifier(column.name)}`);
  const settings = options === null ? '' : ` WITH (${options})`;
  return `CREATE OR REPLACE VIEW ${quoted(name)}${settings} AS\nSELECT ${selected.join(', ')}\n${from}`;
}

async function comment(run: Run, view: PublicView, columns: readonly PublicColumn[]): Promise<void> {
  const name = quoted(view.name);
  await run(`COMMENT ON VIEW ${name} IS ${pg.escapeLiteral(view.comment)}`);
  for (const column of columns) {
    await run(`COMMENT ON COLUMN ${name}.${pg.escapeIdentifier(column.name)} IS ${pg.escapeLiteral(column.comment)}`);
  }
}

function quoted(name: string): string {
  return `batch_view.${pg.escapeIdentifier(name)}`;
}
