import { pathToFileURL } from 'node:url';
import { createLogger, type Logger } from '@tandem/shared';
import { readLabConfig } from './config.js';
import { explainFailure } from './explain-failure.js';
import { startTandem, type Tandem } from './tandem.js';
import { untilReady, welcome } from './welcome.js';

/** Longest time from a signal to the end: after it the process ends by itself, and the next start heals what is left. */
const LONGEST_STOP_MS = 45_000;

/** Starts everything and runs until SIGTERM or SIGINT. Returns the exit code. */
export async function main(): Promise<number> {
  const stopSignal = nextStopSignal();
  try {
    const config = readLabConfig();
    const logger = createLogger('lab', config.LOG_LEVEL);
    const tandem = await startTandem(config, logger);
    stopOnFault(tandem, logger);
    console.log(`Tandem answers at ${tandem.url}`);
    if (await untilReady(tandem.url, stopSignal)) console.log(welcome(tandem.url, config));
    await stopSignal;
    return (await stopWithin(tandem)) ? 0 : 1;
  } catch (error) {
    console.error(explainFailure('Tandem cannot start', error));
    return 1;
  }
}

/** Resolves at the first SIGTERM or SIGINT. Later ones change nothing: npm and a terminal both may send the same again. */
function nextStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

/** An error that nobody handled: the state is unknown, so everything ends, Postgres included, with a code other than 0. */
function stopOnFault(tandem: Tandem, logger: Logger): void {
  const end = async (error: unknown) => {
    logger.fatal({ error }, 'ends because of an error that nobody handled');
    await stopWithin(tandem);
    process.exit(1);
  };
  process.once('uncaughtException', end);
  process.once('unhandledRejection', end);
}

async function stopWithin(tandem: Tandem): Promise<boolean> {
  const limit = setTimeout(() => process.exit(1), LONGEST_STOP_MS);
  const allWell = await tandem.stop();
  clearTimeout(limit);
  return allWell;
}

// Tests and containers run this file itself.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
