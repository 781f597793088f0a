import { type Logger, pino } from 'pino';

export type { Logger };

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** JSON lines on standard error; `room` names who speaks. */
export function createLogger(room: string, level: LogLevel): Logger {
  return pino({ level, base: { room } }, pino.destination({ fd: 2, sync: true }));
}
