import { messageOf, parseInstant } from '@tandem/shared';
import {
  type CommandLine,
  describeOptions,
  integerOption,
  type Options,
  probabilityOption,
  readCommandLine,
  refuse,
  urlOption,
} from '../producer/command-line.js';
import { readProducerConfig } from '../producer/config.js';
import { createProgress, grouped, ratePerSecond } from '../producer/progress.js';
import { eventLine } from './event-line.js';
import { ExpectedTotals } from './expected-totals.js';
import { DEFAULT_DAYS, DEFAULT_START_MS, generateEvents } from './generate-events.js';
import { apiSink, fileSink, type LineSink } from './line-sinks.js';
import { pace } from './pace.js';

const DEFAULT_URL = 'http://127.0.0.1:8080';
const MAX_EVENTS = 1_000_000_000;
const MAX_RATE = 1_000_000;
const MAX_DAYS = 3_650;

const OPTIONS: Options = {
  events: { value: 'N', does: 'how many different events (needed); copies come on top' },
  seed: { value: 'S', does: 'a whole number: the same seed gives the same events (needed)' },
  rate: { value: 'R', does: 'events per second (default: as fast as they are taken)' },
  duplicates: { value: 'P', does: 'probability that an event comes a second time, later (default 0)' },
  late: { value: 'P', does: 'probability that an event comes after later ones (default 0)' },
  start: { value: 'TIME', does: `first event time (default ${new Date(DEFAULT_START_MS).toISOString()})` },
  days: { value: 'D', does: `over how many days the event times go (default ${DEFAULT_DAYS})` },
  url: { value: 'URL', does: `where Tandem answers (default ${DEFAULT_URL})` },
  token: { value: 'TOKEN', does: 'bearer token, if the server wants one (default: the variable API_TOKEN)' },
  out: { value: 'FILE', does: 'writes NDJSON to a file instead of posting; "-" is standard output' },
  help: { does: 'shows this' },
};

const HELP = `Usage:
  npm run generate -- --events N --seed S [--rate R] [--duplicates P] [--late P] [--out FILE]

Makes the events of an invented shop and its help desk, and posts them to POST /events. At the end it prints, as JSON,
the totals that a right system must show for them; they are counted apart from Tandem's own metrics.

Options:
${describeOptions(OPTIONS)}
`;

export type Output = {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean | undefined };
};

/** Runs `npm run generate` with the arguments after its name; resolves with the exit code, having said what was wrong. */
export async function main(argv: readonly string[], output: Output = process): Promise<number> {
  try {
    const commandLine = readCommandLine(argv, OPTIONS);
    if (commandLine.given['help']) {
      output.stdout.write(HELP);
      return 0;
    }
    await runGenerate(commandLine, output);
    return 0;
  } catch (error) {
    output.stderr.write(`generate: ${messageOf(error)}\n`);
    return 1;
  }
}

async function runGenerate(commandLine: CommandLine, output: Output): Promise<void> {
  const { given } = commandLine;
  const settings = readSettings(commandLine);
  const sink = await chooseSink(commandLine, settings.rate, output);
  const totals = new ExpectedTotals();
  const progress = createProgress({ stream: output.stderr, total: settings.events, unit: 'events' });
  const startMs = performance.now();
  let delivered = 0;
  try {
    const events = generateEvents({ ...settings, onEvent: (event) => totals.add(event) });
    for await (const chunk of pace(events, settings.rate)) {
      await sink.write(chunk.map(eventLine));
      delivered += chunk.length;
      progress.update(Math.min(delivered, settings.events), delivered);
    }
  } finally {
    progress.stop();
  }
  const outcome = await sink.finish();
  const rate = grouped(ratePerSecond(delivered, performance.now() - startMs));
  output.stderr.write(
    `${grouped(settings.events)} events and ${grouped(delivered - settings.events)} copies, ${rate}/s; ${outcome}\n`,
  );
  // Standard output is one thing at a time: the events, or the totals.
  const totalsTo = given['out'] === '-' ? output.stderr : output.stdout;
  totalsTo.write(`${JSON.stringify(totals, null, 2)}\n`);
}

function readSettings(commandLine: CommandLine) {
  const { given, positionals } = commandLine;
  if (positionals.length > 0) refuse(`found ${positionals.join(' ')}`, 'options only; --help shows them');
  for (const name of ['events', 'seed']) {
    if (given[name] === undefined) refuse(`found no --${name}`, `--${name} with a whole number, like --${name} 1000`);
  }
  const rate = integerOption(commandLine, 'rate', { min: 1, max: MAX_RATE, default: 0 });
  return {
    events: integerOption(commandLine, 'events', { min: 0, max: MAX_EVENTS, default: 0 }),
    seed: integerOption(commandLine, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, default: 0 }),
    rate: rate === 0 ? undefined : rate,
    duplicates: probabilityOption(commandLine, 'duplicates'),
    late: probabilityOption(commandLine, 'late'),
    startMs: startOption(given['start']),
    days: integerOption(commandLine, 'days', { min: 1, max: MAX_DAYS, default: DEFAULT_DAYS }),
  };
}

function startOption(text: string | undefined): number {
  if (text === undefined) return DEFAULT_START_MS;
  return parseInstant(text) ?? refuse(`--start: found ${JSON.stringify(text)}`, 'a time like 2026-01-31T08:00:00Z');
}

async function chooseSink(commandLine: CommandLine, rate: number | undefined, { stdout }: Output): Promise<LineSink> {
  const { given } = commandLine;
  if (given['out'] !== undefined && given['url'] !== undefined) refuse('found both --out and --url', 'one of them');
  if (given['out'] !== undefined) return fileSink(given['out'], stdout);
  const token = given['token'] ?? readProducerConfig().API_TOKEN;
  return apiSink({ url: urlOption(commandLine, 'url', DEFAULT_URL), token }, rate !== undefined);
}
