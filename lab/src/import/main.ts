import { messageOf, type Refusal } from '@tandem/shared';
import { type CommandLine, readCommandLine, urlOption } from '../producer/command-line.js';
import { readProducerConfig } from '../producer/config.js';
import { EventSender } from '../producer/event-sender.js';
import { createProgress } from '../producer/progress.js';
import { readDataFolder } from './config.js';
import { CopyCount } from './copy-count.js';
import { chooseImporter, DEFAULT_URL, HELP, OPTIONS, readTableOptions } from './import-command.js';
import { importEvents, type OnRefusedRow } from './import-events.js';
import { ImportMemory } from './import-memory.js';
import { importSink } from './import-sink.js';
import { ImportTally, type Taken } from './import-tally.js';
import type { Importer } from './importer.js';
import { openFile } from './open-file.js';
import type { OpenFile } from './opened.js';
import { refuseSharedOutput } from './output-path.js';
import type { TableOptions } from './part-table.js';
import type { Table } from './read-table.js';
import { RejectsFile } from './rejects-file.js';
import { placeOf, type Row } from './row.js';

export type Output = {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };
};

/**
 * Runs `npm run import` with the arguments after its name; what was imported is remembered in the data folder. Resolves
 * with the exit code, having said what was wrong.
 */
export async function main(
  argv: readonly string[],
  output: Output = process,
  dataFolder: string = readDataFolder(),
): Promise<number> {
  try {
    const commandLine = readCommandLine(argv, OPTIONS);
    if (commandLine.given['help'] || argv.length === 0) {
      output.stdout.write(HELP);
      return commandLine.given['help'] ? 0 : 1;
    }
    return await runImport(commandLine, output, dataFolder);
  } catch (error) {
    output.stderr.write(`import: ${messageOf(error)}\n`);
    return 1;
  }
}

async function runImport(commandLine: CommandLine, output: Output, dataFolder: string): Promise<number> {
  const url = urlOption(commandLine, 'url', DEFAULT_URL);
  const token = commandLine.given['token'] ?? readProducerConfig().API_TOKEN;
  const { given, positionals } = commandLine;
  const tableOptions = readTableOptions(commandLine);
  const inputs = [positionals[1], given['map'], given['categories']];
  if (given['rejects'] !== undefined) await refuseSharedOutput('--rejects', given['rejects'], inputs);
  const importer = await chooseImporter(commandLine);
  const file = await openFile(positionals[1] ?? '', { entry: given['entry'] });
  for (const note of file.notes) output.stdout.write(`${note}\n`);
  const rejects = given['rejects'] === undefined ? undefined : await RejectsFile.open(given['rejects']);
  const tally = new ImportTally();
  const onRefused = (row: Row | undefined, refusal: Refusal) => {
    tally.refuse(refusal, row && placeOf(row));
    if (row) rejects?.write(row, refusal);
  };
  const sender = new EventSender<Row>({ url, token }, onRefused);
  const run: Run = { url, importer, file, tableOptions, tally, onRefused, rejects, sender, dataFolder, output };
  const copyCount = await CopyCount.begin(url);
  const startMs = performance.now();
  let elapsedMs: number | undefined;
  try {
    await readAndSend(run, copyCount);
    elapsedMs = performance.now() - startMs;
  } finally {
    await rejects?.close();
    // Where the file was not understood there is nothing to sum up: the error says it all.
    if (elapsedMs !== undefined || tally.rowsRead > 0) {
      const lines = tally.lines(await takenBy(sender, copyCount), elapsedMs ?? performance.now() - startMs);
      output.stdout.write(`${lines.join('\n')}\n`);
    }
  }
  return tally.refusedCount > 0 && !given['allow-rejects'] ? 1 : 0;
}

type Run = {
  readonly url: URL;
  readonly importer: Importer;
  readonly file: OpenFile;
  readonly tableOptions: TableOptions;
  readonly tally: ImportTally;
  readonly onRefused: OnRefusedRow;
  readonly rejects: RejectsFile | undefined;
  readonly sender: EventSender<Row>;
  readonly dataFolder: string;
  readonly output: Output;
};

async function readAndSend(run: Run, copyCount: CopyCount): Promise<void> {
  const { url, importer, file, tally, rejects, sender, dataFolder, output } = run;
  const progress = createProgress({ stream: output.stderr, total: file.totalBytes, unit: 'rows' });
  const warn = (text: string) => output.stderr.write(`warning: ${text}\n`);
  const sinkFor = async ({ header, delimiter }: Table) => {
    const columns = importer.columnsOfIds;
    const memory = columns && (await ImportMemory.open(dataFolder, url, { header, columns }));
    await rejects?.begin(header, delimiter);
    return importSink({ sender, copyCount, rejects, memory, warn });
  };
  try {
    const onProgress = () => progress.update(file.readBytes(), tally.rowsRead);
    await importEvents({ ...run, sinkFor, onProgress });
  } finally {
    progress.stop();
  }
}

async function takenBy({ totals }: EventSender<Row>, copyCount: CopyCount): Promise<Taken> {
  const { sent, accepted, answered } = totals;
  const isWhole = accepted === sent && accepted > 0;
  const copies = isWhole ? await copyCount.end() : { unknown: 'not all of it was taken' };
  return { accepted, unanswered: sent - answered, copies };
}
