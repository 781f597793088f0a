import { type Logger, pino } from 'pino';

export type { Logger };

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines on standard error; `room` names who speaks. */
export function createLogger(room: string, level: LogLevel): Logger {
  const options = { level, base: { room }, serializers: { error: asData } };
  return pino(options, pino.destination({ fd: 2, sync: true }));
}

/**
 * An error as JSON by itself shows neither message nor stack, but whatever a driver has hung on it: whole connections,
 * with what is secret in them.
 */
function asData(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const { code } = error as Error & { readonly code?: unknown };
  return {
    name,
    ...(code === undefined ? {} : { code }),
    message,
    stack,
    ...(cause === undefined ? {} : { cause: asData(cause) }),
  };
}
