import { messageOf } from '@tandem/shared';
import {
  type CommandLine,
  describeOptions,
  type Options,
  readCommandLine,
  refuse,
  urlOption,
} from '../producer/command-line.js';
import { readProducerConfig } from '../producer/config.js';
import { EventSender } from '../producer/event-sender.js';
import { createProgress } from '../producer/progress.js';
import { readCategories } from './categories.js';
import { readCsvMapping } from './check-csv-mapping.js';
import { csvImporter } from './csv-importer.js';
import { decoderNameOf, ENCODINGS } from './encodings.js';
import { type EventSink, importEvents } from './import-events.js';
import { ImportTally } from './import-tally.js';
import type { Importer } from './importer.js';
import { incidentsImporter } from './incidents.js';
import { onlineRetailImporter } from './online-retail.js';
import { openFile } from './open-file.js';
import type { OpenFile } from './opened.js';
import { refuseInputAsOutput } from './output-path.js';
import { placeOf, type Row, type TableOptions } from './read-table.js';
import { RejectsFile } from './rejects-file.js';

const DEFAULT_URL = 'http://127.0.0.1:8080';
const IMPORTERS = ['online-retail', 'incidents', 'csv'] as const;

const OPTIONS: Options = {
  categories: { value: 'FILE', does: 'online-retail: CSV with the columns StockCode and Category' },
  map: { value: 'FILE', does: 'csv: JSON that says which column is which field of an event' },
  url: { value: 'URL', does: `where Tandem answers (default ${DEFAULT_URL})` },
  token: { value: 'TOKEN', does: 'bearer token, if the server wants one (default: the variable API_TOKEN)' },
  rejects: { value: 'FILE', does: 'keeps refused rows, with the reason, as CSV; replaces what is in it' },
  entry: {
    value: 'NAME',
    does: 'the one file of a zip to read (default: all that end in .csv, in the order of their names)',
  },
  encoding: { value: 'NAME', does: 'of the file, like windows-1252 (default: utf-8, or what a byte order mark says)' },
  delimiter: { value: 'CHAR', does: 'between cells, "tab" for a tab (default: a comma, or what the mapping says)' },
  help: { does: 'shows this' },
};

const HELP = `Usage:
  npm run import -- online-retail FILE [--categories FILE]
  npm run import -- incidents FILE
  npm run import -- csv FILE --map MAPPING.json

FILE is a CSV, plain, as .gz or in a .zip, or - for standard input. Rows become events and go to POST /events; event ids derive from the rows,
so importing twice changes nothing.

Options:
${describeOptions(OPTIONS)}

Ends with 0 when the file was read to its end and the server took events from it, also if single rows were refused
(the summary counts them by reason); with 1 otherwise.
`;

export type Output = {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };
};

/** Runs `npm run import` with the arguments after its name; resolves with the exit code, having said what was wrong. */
export async function main(argv: readonly string[], output: Output = process): Promise<number> {
  try {
    const commandLine = readCommandLine(argv, OPTIONS);
    if (commandLine.given['help'] || argv.length === 0) {
      output.stdout.write(HELP);
      return commandLine.given['help'] ? 0 : 1;
    }
    return await runImport(commandLine, output);
  } catch (error) {
    output.stderr.write(`import: ${messageOf(error)}\n`);
    return 1;
  }
}

async function runImport(commandLine: CommandLine, output: Output): Promise<number> {
  const url = urlOption(commandLine, 'url', DEFAULT_URL);
  const token = commandLine.given['token'] ?? readProducerConfig().API_TOKEN;
  const { given, positionals } = commandLine;
  const tableOptions = readTableOptions(commandLine);
  const inputs = [positionals[1], given['map'], given['categories']];
  if (given['rejects'] !== undefined) await refuseInputAsOutput('--rejects', given['rejects'], inputs);
  const importer = await chooseImporter(commandLine);
  const file = await openFile(positionals[1] ?? '', { entry: given['entry'] });
  for (const note of file.notes) output.stdout.write(`${note}\n`);
  const rejects = given['rejects'] === undefined ? undefined : await RejectsFile.open(given['rejects']);
  const tally = new ImportTally();
  const onRefused = (row: Row | undefined, refusal: { path: string; reason: string }) => {
    tally.refuse(refusal, row && placeOf(row));
    if (row) rejects?.write(row, refusal);
  };
  const sender = new EventSender<Row>({ url, token }, onRefused);
  const startMs = performance.now();
  try {
    await readAndSend({ importer, file, tableOptions, tally, sender, rejects, onRefused, output });
  } finally {
    await rejects?.close();
    output.stdout.write(`${tally.lines(sender.totals, performance.now() - startMs).join('\n')}\n`);
  }
  const everythingRefused = sender.totals.accepted === 0 && tally.refusedCount > 0;
  return everythingRefused ? 1 : 0;
}

type Run = {
  readonly importer: Importer;
  readonly file: OpenFile;
  readonly tableOptions: TableOptions;
  readonly tally: ImportTally;
  readonly sender: EventSender<Row>;
  readonly rejects: RejectsFile | undefined;
  readonly onRefused: (row: Row, refusal: { path: string; reason: string }) => void;
  readonly output: Output;
};

async function readAndSend({
  importer,
  file,
  tableOptions,
  tally,
  sender,
  rejects,
  onRefused,
  output,
}: Run): Promise<void> {
  const progress = createProgress({ stream: output.stderr, total: file.totalBytes, unit: 'rows' });
  const sink: EventSink = {
    add: (event, row) => sender.add(JSON.stringify(event), row),
    ready: async () => {
      await sender.ready();
      await rejects?.ready();
    },
    finish: () => sender.finish(),
  };
  try {
    await importEvents({
      importer,
      file,
      tableOptions,
      tally,
      onRefused,
      sinkFor: async ({ header, delimiter }) => {
        await rejects?.begin(header, delimiter);
        return sink;
      },
      onProgress: () => progress.update(file.readBytes(), tally.rowsRead),
    });
  } finally {
    progress.stop();
  }
}

function readTableOptions({ given }: CommandLine): TableOptions {
  const { encoding, delimiter: text } = given;
  if (encoding !== undefined && decoderNameOf(encoding) === undefined)
    refuse(`--encoding: found ${JSON.stringify(encoding)}`, ENCODINGS.join(', '));
  const delimiter = text === 'tab' || text === '\\t' ? '\t' : text;
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter)))
    refuse(`--delimiter: found ${JSON.stringify(text)}`, 'one character that is no quote, or "tab"');
  return { ...(encoding !== undefined && { encoding }), ...(delimiter !== undefined && { delimiter }) };
}

/** The importer that was named, with its own option. Options of another importer are refused, not ignored. */
async function chooseImporter({ positionals, given }: CommandLine): Promise<Importer> {
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
