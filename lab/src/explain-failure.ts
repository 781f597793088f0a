import { TandemError } from '@tandem/shared';

/** What to print for an error: one line where it is ours and says what to do, everything known where it is not. */
export function explainFailure(what: string, error: unknown): string {
  if (error instanceof TandemError && error.code !== 'internal') return `${what}. ${error.message}`;
  return `${what}. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
