import { messageOf, TandemError } from '@tandem/shared';

/** Where in the program an error arose: the first line of its stack that is ours to read. */
const PLACE = /^\s+at .*?\(?((?:file:\/\/)?[^\s()]+:\d+):\d+\)?$/m;

/** What to print for an error: one line, which says what to do where it is ours, and where it arose where it is not. */
export function explainFailure(what: string, error: unknown): string {
  if (error instanceof TandemError && error.code !== 'internal') return `${what}. ${error.message}`;
  const place = error instanceof Error ? PLACE.exec(error.stack ?? '')?.[1] : undefined;
  const at = place === undefined ? '' : `, at ${place}`;
  return `${what}. ${messageOf(error)} (this was not foreseen${at}: please report it)`;
}
