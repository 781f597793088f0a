import { LOG_LEVELS } from '@tandem/shared';
import { z } from 'zod';

function wholeNumber(min: number, max: number) {
  const allowed = `allowed is a whole number from ${min} to ${max}`;
  return z.coerce.number({ error: allowed }).int({ error: allowed }).min(min, allowed).max(max, allowed);
}

/** The lab's settings. Its layers' own settings are read with their own schemas. */
export const labConfigSchema = z.object({
  /** 0 picks a free one. */
  PORT: wholeNumber(0, 65_535).default(8080),
  HOST: z.string().default('127.0.0.1'),
  /** Everything that lasts: the database and the master dataset. Relative to the working directory. */
  DATA_DIR: z.string().default('./data'),
  /** Events per second of the demo shop; 0 means none. */
  DEMO_EVENTS_PER_SECOND: wholeNumber(0, 10_000).default(20),
  /** When set, everything that writes wants it as a bearer token. */
  API_TOKEN: z.string().min(16, 'allowed are at least 16 characters').optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `allowed are ${LOG_LEVELS.join(', ')}`).default('warn'),
  /** Fixed once the log exists. */
  LOG_PARTITIONS: wholeNumber(1, 64).default(4),
});
