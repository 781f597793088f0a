import { messageOf, TandemError } from './errors.js';
import type { Logger } from './logger.js';

/** What a layer as a process of its own is made of, in the order in which it was started. */
export type ProcessParts = {
  /** `stop` is called at the end, last added first. */
  add(stop: () => Promise<unknown> | unknown): void;
};

/** Longest time from a signal to the end: after it the process ends by itself, and the next start heals what is left. */
const LONGEST_STOP_MS = 30_000;

/**
 * Runs a layer as a process: starts it, waits for SIGTERM or SIGINT, and stops its parts. Resolves with the exit code.
 * An error that nobody handles ends the process with 1: its state is unknown, and the supervisor starts another.
 */
export async function runProcess(
  room: string,
  logger: () => Logger,
  start: (parts: ProcessParts) => Promise<void>,
): Promise<number> {
  const stops: (() => Promise<unknown> | unknown)[] = [];
  const signalled = nextStopSignal();
  let code = 0;
  try {
    await start({ add: (stop) => stops.push(stop) });
    endOnFault(logger());
    await signalled;
  } catch (error) {
    const kind = error instanceof TandemError ? `${error.code}: ` : '';
    process.stderr.write(`The ${room} cannot start. ${kind}${messageOf(error)}\n`);
    code = 1;
  }
  const limit = setTimeout(() => process.exit(1), LONGEST_STOP_MS);
  for (const stop of stops.reverse()) await Promise.resolve(stop()).catch(() => (code = 1));
  clearTimeout(limit);
  return code;
}

function nextStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

function endOnFault(logger: Logger): void {
  const end = (error: unknown) => {
    logger.fatal({ error }, 'ends because of an error that nobody handled');
    process.exit(1);
  };
  process.once('uncaughtException', end);
  process.once('unhandledRejection', end);
}
