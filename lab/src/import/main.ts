import { messageOf, partitionKeyOf, type Refusal } from '@tandem/shared';
import { type CommandLine, readCommandLine, urlOption } from '../producer/command-line.js';
import { readProducerConfig } from '../producer/config.js';
import { EventSender } from '../producer/event-sender.js';
import { createProgress } from '../producer/progress.js';
import { CopyCount } from './copy-count.js';
import { chooseImporter, DEFAULT_URL, HELP, OPTIONS, readTableOptions } from './import-command.js';
import { type EventSink, importEvents } from './import-events.js';
import { ImportTally } from './import-tally.js';
import type { Importer } from './importer.js';
import { openFile } from './open-file.js';
import type { OpenFile } from './opened.js';
import { refuseInputAsOutput } from './output-path.js';
import { placeOf, type Row, type TableOptions } from './read-table.js';
import { RejectsFile } from './rejects-file.js';

const NOT_ALL_TAKEN = { unknown: 'not all of it was taken' };

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
  const onRefused = (row: Row | undefined, refusal: Refusal) => {
    tally.refuse(refusal, row && placeOf(row));
    if (row) rejects?.write(row, refusal);
  };
  const sender = new EventSender<Row>({ url, token }, onRefused);
  const copyCount = await CopyCount.begin(url);
  const startMs = performance.now();
  let elapsedMs: number | undefined;
  try {
    await readAndSend({ importer, file, tableOptions, tally, sender, copyCount, rejects, onRefused, output });
    elapsedMs = performance.now() - startMs;
  } finally {
    await rejects?.close();
    const { sent, accepted, answered } = sender.totals;
    const copies = accepted < sent || accepted === 0 ? NOT_ALL_TAKEN : await copyCount.end();
    const taken = { accepted, unanswered: sent - answered, copies };
    // Where the file was not understood there is nothing to sum up: the error says it all.
    if (elapsedMs !== undefined || tally.rowsRead > 0)
      output.stdout.write(`${tally.lines(taken, elapsedMs ?? performance.now() - startMs).join('\n')}\n`);
  }
  return tally.refusedCount > 0 && !given['allow-rejects'] ? 1 : 0;
}

type Run = {
  readonly importer: Importer;
  readonly file: OpenFile;
  readonly tableOptions: TableOptions;
  readonly tally: ImportTally;
  readonly sender: EventSender<Row>;
  readonly copyCount: CopyCount;
  readonly rejects: RejectsFile | undefined;
  readonly onRefused: (row: Row, refusal: Refusal) => void;
  readonly output: Output;
};

async function readAndSend({
  importer,
  file,
  tableOptions,
  tally,
  sender,
  copyCount,
  rejects,
  onRefused,
  output,
}: Run): Promise<void> {
  const progress = createProgress({ stream: output.stderr, total: file.totalBytes, unit: 'rows' });
  const sink: EventSink = {
    add: (event, row) => {
      sender.add(JSON.stringify(event), row);
      copyCount.add(partitionKeyOf(event));
    },
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
