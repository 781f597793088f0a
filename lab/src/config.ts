import { batchConfigSchema } from '@tandem/batch-layer/config';
import { checkExposure, servingConfigSchema } from '@tandem/serving-layer/config';
import { LOG_LEVELS, readConfig } from '@tandem/shared';
import { speedConfigSchema } from '@tandem/speed-layer/config';
import { z } from 'zod';

function wholeNumber(min: number, max: number) {
  const allowed = `allowed is a whole number from ${min} to ${max}`;
  return z.coerce.number({ error: allowed }).int({ error: allowed }).min(min, allowed).max(max, allowed);
}

/** The lab's own settings. Everything else is a setting of a layer and read with that layer's schema. */
export const labConfigSchema = z.object({
  /** Everything that lasts: the database and the master dataset. Relative to the working directory. */
  DATA_DIR: z.string().default('./data'),
  /** Events per second of the demo shop; 0 means none. */
  DEMO_EVENTS_PER_SECOND: wholeNumber(0, 10_000).default(20),
  LOG_LEVEL: z.enum(LOG_LEVELS, `allowed are ${LOG_LEVELS.join(', ')}`).default('warn'),
});

/** The lab itself says where the batch layer finds its data, and has a front door of its own. */
const { MASTER_DATASET, HEALTH_PORT, HEALTH_HOST, ...batchSettings } = batchConfigSchema.shape;

const settingsSchema = z.object({
  ...batchSettings,
  ...speedConfigSchema.shape,
  ...servingConfigSchema.shape,
  ...labConfigSchema.shape,
});

/** The settings of the lab and of every layer in it. */
export type LabConfig = Readonly<z.output<typeof settingsSchema>>;

/** Reads all settings; throws one `configuration-invalid` that names every bad one. */
export function readLabConfig(environment?: Readonly<Record<string, string | undefined>>): LabConfig {
  const config = readConfig(settingsSchema, environment);
  checkExposure(config);
  return config;
}
