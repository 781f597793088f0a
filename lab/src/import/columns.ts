import { TandemError } from '@tandem/shared';

/** Where the columns stand that an importer needs: index by the importer's name for the column. */
export type ColumnIndexes<Name extends string> = Readonly<Record<Name, number>>;

/**
 * Finds each wanted column in the header, under any of the names it is known by.
 * Throws `request-invalid` naming what is missing, what was found and what is expected.
 */
export function findColumns<Name extends string>(
  header: readonly string[],
  wanted: Readonly<Record<Name, readonly string[]>>,
): ColumnIndexes<Name> {
  const names = Object.entries<readonly string[]>(wanted);
  const indexes = names.map(([name, known]) => [name, header.findIndex((column) => known.includes(column))] as const);
  const missing = indexes.filter(([, index]) => index === -1).map(([name]) => wanted[name as Name].join(' or '));
  if (missing.length > 0) {
    throw new TandemError(
      'request-invalid',
      `found no column ${missing.join(', ')}; found are the columns ${header.join(', ')}; ` +
        `expected are ${names.map(([, known]) => known.join(' or ')).join(', ')}`,
    );
  }
  return Object.fromEntries(indexes) as Record<Name, number>;
}
