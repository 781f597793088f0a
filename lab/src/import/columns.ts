import { TandemError } from '@tandem/shared';

/** Where the columns stand that an importer needs: index by the importer's name for the column. */
export type ColumnIndexes<Name extends string> = Readonly<Record<Name, number>>;

/** What people separate cells by; one of them in a lone column's name says that another one is read than was written. */
const DELIMITERS = [';', '\t', '|', ','];

/**
 * Finds each wanted column in the header, under any of the names it is known by; spaces around a name do not matter.
 * Throws `request-invalid` naming what is missing or there twice, what was found and what is expected.
 */
export function findColumns<Name extends string>(
  header: readonly string[],
  wanted: Readonly<Record<Name, readonly string[]>>,
): ColumnIndexes<Name> {
  const names = Object.entries<readonly string[]>(wanted).map(
    ([name, known]) => [name, known.map((text) => text.trim())] as const,
  );
  const columns = header.map((column) => column.trim());
  const indexes = names.map(([name, known]) => {
    const index = columns.findIndex((column) => column !== '' && known.includes(column));
    return [name, index] as const;
  });
  const missing = indexes.filter(([, index]) => index === -1).map(([name]) => wanted[name as Name].join(' or '));
  if (missing.length > 0) {
    refuse(
      `found no column ${missing.join(', ')}; found are the columns ${columns.join(', ')}; ` +
        `expected are ${names.map(([, known]) => known.join(' or ')).join(', ')}${delimiterHint(columns)}`,
    );
  }
  for (const [, index] of indexes) refuseTwice(columns, index);
  return Object.fromEntries(indexes) as Record<Name, number>;
}

/** Which of two columns of one name is meant cannot be known. Columns that are not needed may be there twice. */
function refuseTwice(columns: readonly string[], index: number): void {
  const name = columns[index] ?? '';
  const places = columns.flatMap((column, place) => (column === name ? [place + 1] : []));
  if (places.length === 1) return;
  refuse(
    `found the column ${JSON.stringify(name)} ${places.length} times, as columns ${places.join(' and ')}; ` +
      'allowed is one column of a name that is needed: name them apart in the first row of the file',
  );
}

function delimiterHint(columns: readonly string[]): string {
  const [only = ''] = columns;
  const used = columns.length === 1 ? DELIMITERS.find((delimiter) => only.includes(delimiter)) : undefined;
  if (used === undefined) return '';
  const text = JSON.stringify(used);
  return `. The one column looks like several with ${text} between them: give --delimiter ${text}, or "delimiter": ${text} in the mapping`;
}

function refuse(message: string): never {
  throw new TandemError('request-invalid', message);
}
