import { type CommandLine, describeOptions, type Options, refuse } from '../producer/command-line.js';
import { readCategories } from './categories.js';
import { readCsvMapping } from './check-csv-mapping.js';
import { csvImporter } from './csv-importer.js';
import { decoderNameOf, ENCODINGS } from './encodings.js';
import type { Importer } from './importer.js';
import { incidentsImporter } from './incidents.js';
import { onlineRetailImporter } from './online-retail.js';
import type { TableOptions } from './part-table.js';

export const DEFAULT_URL = 'http://127.0.0.1:8080';
const IMPORTERS = ['online-retail', 'incidents', 'csv'] as const;

export const OPTIONS: Options = {
  categories: { value: 'FILE', does: 'online-retail: CSV with the columns StockCode and Category' },
  map: { value: 'FILE', does: 'csv: JSON that says which column is which field of an event' },
  url: { value: 'URL', does: `where Tandem answers (default ${DEFAULT_URL})` },
  token: { value: 'TOKEN', does: 'bearer token, if the server wants one (default: the variable API_TOKEN)' },
  rejects: { value: 'FILE', does: 'keeps refused rows, with the reason, as CSV; replaces what is in it' },
  'allow-rejects': { does: 'ends with 0 also when rows were refused' },
  entry: {
    value: 'NAME',
    does: 'the one file of a zip to read (default: all that end in .csv, in the order of their names)',
  },
  encoding: { value: 'NAME', does: 'of the file, like windows-1252 (default: utf-8, or what a byte order mark says)' },
  delimiter: { value: 'CHAR', does: 'between cells, "tab" for a tab (default: a comma, or what the mapping says)' },
  help: { does: 'shows this' },
};

export const HELP = `Usage:
  npm run import -- online-retail FILE [--categories FILE]
  npm run import -- incidents FILE
  npm run import -- csv FILE --map MAPPING.json

FILE is a CSV, plain, as .gz or in a .zip, or - for standard input. Rows become events and go to POST /events; event ids
derive from what a row says, so importing twice changes nothing. docs/import.md tells all that a mapping may say.

Options:
${describeOptions(OPTIONS)}

Ends with 0 when the file was read to its end and nothing was refused, or with --allow-rejects whatever was refused; with
1 otherwise. What was not refused is in either way. The summary counts refused rows by reason.
`;

/** What the command line says of the table; stronger than the mapping. */
export function readTableOptions({ given }: CommandLine): TableOptions {
  const { encoding, delimiter: text } = given;
  if (encoding !== undefined && decoderNameOf(encoding) === undefined)
    refuse(`--encoding: found ${JSON.stringify(encoding)}`, ENCODINGS.join(', '));
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter)))
    refuse(`--delimiter: found ${JSON.stringify(text)}`, 'one character that is no quote, or "tab"');
  return { ...(encoding !== undefined && { encoding }), ...(delimiter !== undefined && { delimiter }) };
}

/** The importer that was named, with its own option. Options of another importer are refused, not ignored. */
export async function chooseImporter({ positionals, given }: CommandLine): Promise<Importer> {
  const [name, file, ...more] = positionals;
  if (!IMPORTERS.some((importer) => importer === name)) {
    refuse(`found the importer ${JSON.stringify(name ?? '')}`, IMPORTERS.join(', '));
  }
  if (file === undefined) refuse(`${name}: found no file`, `npm run import -- ${name} FILE`);
  if (more.length > 0)
    refuse(`found ${more.map((text) => JSON.stringify(text)).join(', ')} after the file`, 'one file');
  if (given['categories'] !== undefined && name !== 'online-retail')
    refuse('found --categories', 'with online-retail only');
  if (given['map'] !== undefined && name !== 'csv') refuse('found --map', 'with csv only');
  if (name === 'incidents') return incidentsImporter;
  if (name === 'online-retail') {
    return onlineRetailImporter(given['categories'] ? await readCategories(given['categories']) : new Map());
  }
  if (given['map'] === undefined) refuse('csv: found no mapping', 'npm run import -- csv FILE --map MAPPING.json');
  return csvImporter(await readCsvMapping(given['map']));
}
