import { pathToFileURL } from 'node:url';
import { type RunMode, TandemError } from '@tandem/shared';
import { type LabConfig, readLabConfig } from '../config.js';
import { explainFailure } from '../explain-failure.js';
import {
  type CommandLine,
  describeOptions,
  type Options,
  readCommandLine,
  refuse,
  urlOption,
} from '../producer/command-line.js';
import { followRun } from './follow-run.js';
import { type LocalRuns, startLocalRuns } from './local-runs.js';
import { type RemoteRuns, remoteRuns } from './remote-runs.js';
import { summary } from './run-report.js';

const MODES: readonly RunMode[] = ['incremental', 'full'];

const OPTIONS: Options = {
  mode: { value: 'MODE', does: 'incremental (default): only days with new events; full: everything' },
  url: { value: 'URL', does: 'where Tandem answers (default: this machine, PORT)' },
  token: { value: 'TOKEN', does: 'bearer token, if the server wants one (default: the variable API_TOKEN)' },
  help: { does: 'shows this' },
};

const HELP = `Usage: npm run batch -- [options]

Asks a running Tandem for a batch run and follows it to its end. Where none is running, starts what a run needs on
DATA_DIR, runs once and stops.

${describeOptions(OPTIONS)}
`;

/** Runs `npm run batch` with the arguments after its name; resolves with the exit code: 0 once a run is published. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const commandLine = readCommandLine(argv, OPTIONS);
    if (commandLine.given['help']) {
      console.log(HELP);
      return 0;
    }
    return await runBatch(commandLine, readLabConfig());
  } catch (error) {
    console.error(explainFailure('batch', error));
    return 1;
  }
}

async function runBatch(commandLine: CommandLine, config: LabConfig): Promise<number> {
  const mode = modeOf(commandLine);
  const url = urlOption(commandLine, 'url', `http://127.0.0.1:${config.PORT}`);
  const remote = remoteRuns(url, commandLine.given['token'] ?? config.API_TOKEN);
  try {
    return await request(remote, mode);
  } catch (error) {
    const isNobodyThere = error instanceof TandemError && error.facts['nothingListens'] === true;
    if (!isNobodyThere || commandLine.given['url'] !== undefined) throw error;
  }
  console.log(`Nothing answers at ${url.href}: running on ${config.DATA_DIR} alone.`);
  return runAlone(await startLocalRuns(config), mode);
}

async function runAlone(local: LocalRuns, mode: RunMode): Promise<number> {
  try {
    return await request(local, mode);
  } finally {
    await local.stop();
  }
}

/** Asks for a run and follows it. A signal ends the following: a run that is asked for over HTTP goes on. */
async function request(runs: RemoteRuns, mode: RunMode): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const id = await runs.request(mode);
  const run = await followRun(
    () => runs.look(id),
    (progress) => console.log(`Run ${id}: ${progress}`),
    stopping.signal,
  );
  console.log(summary(run));
  return run.state === 'published' ? 0 : 1;
}

function modeOf({ positionals, given }: CommandLine): RunMode {
  if (positionals.length > 0) refuse(`found ${JSON.stringify(positionals[0])}`, 'options only; --help lists them');
  const mode = MODES.find((name) => name === (given['mode'] ?? 'incremental'));
  return mode ?? refuse(`--mode: found ${JSON.stringify(given['mode'])}`, MODES.join(', '));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main(process.argv.slice(2)));
