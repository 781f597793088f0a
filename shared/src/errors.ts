/**
 * Every fault Tandem raises on purpose. The message says what was wrong, names the value found,
 * what was allowed, and what to do; `facts` carries the same as data.
 */
export type ErrorCode =
  | 'configuration-invalid'
  | 'definition-invalid'
  | 'request-invalid'
  | 'unauthorized'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'overloaded'
  | 'not-provable'
  | 'unavailable'
  | 'corrupt'
  | 'fenced'
  | 'internal';

/** Codes after which the same call may succeed later. Anything unknown is not retriable. */
const RETRIABLE: ReadonlySet<ErrorCode> = new Set(['overloaded', 'not-provable', 'unavailable']);

export type Facts = Readonly<Record<string, unknown>>;

export class TandemError extends Error {
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly facts: Facts;

  constructor(code: ErrorCode, message: string, options: { facts?: Facts; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TandemError';
    this.code = code;
    this.retriable = RETRIABLE.has(code);
    this.facts = options.facts ?? {};
  }
}

/** The message of anything that can be thrown, for a log line or a stored error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
