import { TandemError } from '@tandem/shared';
import type { Entry } from 'yauzl';

export type NamedEntry = { readonly name: string; readonly entry: Entry };

/** Folders, and what operating systems put beside a user's files. */
const NOT_A_USERS_FILE = /\/$|(^|\/)__MACOSX\/|(^|\/)(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$/i;
const MAX_NAMES = 10;

/** The entries to read: the one that is wanted, or every `.csv` in the order of their names; and what to say of it. */
export function chooseEntries(
  path: string,
  all: readonly NamedEntry[],
  wanted: string | undefined,
): { readonly chosen: readonly NamedEntry[]; readonly notes: readonly string[] } {
  const files = all.filter(({ name }) => !NOT_A_USERS_FILE.test(name));
  if (wanted !== undefined) return { chosen: [named(path, files, wanted)], notes: [] };
  const chosen = files
    .filter(({ name }) => /\.csv$/i.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  if (chosen.length === 0) throw noCsv(path, files);
  const others = files.filter((file) => !chosen.includes(file));
  const notes = [
    ...(chosen.length > 1 ? [`reads ${chosen.length} files of the zip in this order: ${namesOf(chosen)}`] : []),
    ...(others.length > 0 ? [`leaves out of the zip what is no .csv: ${namesOf(others)}`] : []),
  ];
  return { chosen, notes };
}

function named(path: string, files: readonly NamedEntry[], wanted: string): NamedEntry {
  const found = files.filter(({ name }) => name === wanted);
  const [only] = found.length > 0 ? found : files.filter(({ name }) => name.endsWith(`/${wanted}`));
  if (only) return only;
  throw new TandemError(
    'not-found',
    `--entry: found no ${wanted} in ${JSON.stringify(path)}; allowed is one of ${namesOf(files) || 'nothing: it is empty'}`,
  );
}

function noCsv(path: string, files: readonly NamedEntry[]): TandemError {
  const isWorkbook = files.some(({ name }) => name === 'xl/workbook.xml' || name === 'xl/workbook.bin');
  const isDocument = files.some(({ name }) => name === 'mimetype') && files.some(({ name }) => name === 'content.xml');
  if (isWorkbook || isDocument) {
    const what = isWorkbook ? 'an Excel workbook' : 'an OpenDocument file';
    return new TandemError(
      'not-found',
      `found ${JSON.stringify(path)}: it is ${what}; allowed is a CSV: save it as CSV`,
    );
  }
  return new TandemError(
    'not-found',
    `found ${namesOf(files) || 'nothing'} in ${JSON.stringify(path)}; allowed is a zip with a .csv file: ` +
      'save a spreadsheet as CSV first, unpack a zip in a zip, or name a text file by --entry',
  );
}

function namesOf(entries: readonly NamedEntry[]): string {
  const more = entries.length > MAX_NAMES ? ` and ${entries.length - MAX_NAMES} more` : '';
  return (
    entries
      .slice(0, MAX_NAMES)
      .map(({ name }) => name)
      .join(', ') + more
  );
}
