import { LOG_LEVELS } from '@tandem/shared';
import { connectionSchema } from '@tandem/shared/adapters/connections';
import { healthSchema } from '@tandem/shared/adapters/http/health-config';
import { z } from 'zod';

const whole = (min: number, max: number) =>
  z.coerce
    .number({ error: `allowed is a whole number from ${min} to ${max}` })
    .pipe(
      z
        .number()
        .int(`allowed is a whole number from ${min} to ${max}`)
        .min(min, `allowed are ${min} to ${max}`)
        .max(max, `allowed are ${min} to ${max}`),
    );

/** The speed layer's settings. Counts are per partition where they say so. */
export const speedConfigSchema = z.object({
  /**
   * Reach of the duplicate window, in records of one partition: a copy in any partition is always dropped while at most
   * so many records follow its original in the original's partition, and never when more than twice as many do.
   * Memory: at most twice as many identities per partition, 32 to 96 bytes each.
   */
  DUPLICATE_WINDOW_EVENTS: whole(1, 50_000_000).default(200_000),
  /**
   * Records per partition that are read below the resume point at start, without counting, to refill the duplicate
   * window. Absent: twice the window, all that it can hold, so that a restart changes no decision.
   */
  WARM_UP_EVENTS: whole(0, 100_000_000).optional(),
  /** Most cells and sketch hashes together that the realtime view may hold; about 100 to 300 bytes each. */
  SPEED_MAX_CELLS: whole(1, 100_000_000).default(5_000_000),
  /** Most records folded at a stretch; queries are answered between stretches. */
  SPEED_STRETCH_EVENTS: whole(1, 100_000).default(2_000),
  /** How often the oldest kept run is looked up, in milliseconds. */
  SPEED_DROP_POLL_MS: whole(10, 3_600_000).default(1_000),
});

export type SpeedConfig = z.output<typeof speedConfigSchema>;

/** What it needs besides as a process of its own. */
export const speedProcessSchema = z.object({
  ...speedConfigSchema.shape,
  ...connectionSchema.shape,
  ...healthSchema.shape,
  /** No queries are answered in this process, and every stretch is a write to Redis: longer ones hold up nobody. */
  SPEED_STRETCH_EVENTS: whole(1, 100_000).default(5_000),
  LOG_PARTITIONS: whole(1, 1_024).default(4),
  LOG_LEVEL: z.enum(LOG_LEVELS, `allowed are ${LOG_LEVELS.join(', ')}`).default('info'),
  /**
   * Threads that share the partitions of the log; more than there are partitions have nothing to do. With more than one,
   * copies of an event in partitions of different threads are not found before the next run, and answers say so.
   */
  SPEED_WORKERS: whole(1, 64).default(1),
});

export type SpeedProcessConfig = z.output<typeof speedProcessSchema>;
