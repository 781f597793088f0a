import { LOG_LEVELS, TandemError } from '@tandem/shared';
import { connectionSchema } from '@tandem/shared/adapters/connections';
import { allowedHostsSchema } from '@tandem/shared/adapters/http/allowed-hosts';
import { z } from 'zod';
import { allowedOriginsSchema } from './adapters/http/allowed-origins.js';

/** Hosts that only this machine can reach. */
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

const milliseconds = (fallback: number) => z.coerce.number().int().min(1).max(600_000).default(fallback);
const count = (fallback: number) => z.coerce.number().int().min(1).max(1_000_000).default(fallback);

/** What the serving layer takes from the environment. */
export const servingConfigSchema = z.object({
  PORT: z.coerce
    .number({ error: 'allowed is a port from 0 to 65535' })
    .int()
    .min(0)
    .max(65_535)
    .default(8080)
    .describe('TCP port of the API; 0 takes a free one'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on; other than loopback needs API_TOKEN'),
  API_TOKEN: z
    .string()
    .min(8, { error: 'allowed are at least 8 characters' })
    .optional()
    .describe('If set, everything that writes wants it as a bearer token'),
  ALLOWED_HOSTS: allowedHostsSchema,
  ALLOWED_ORIGINS: allowedOriginsSchema,
  QUERY_DEADLINE_MS: milliseconds(10_000).describe('Longest time a question may take before it is answered with 503'),
  BODY_DEADLINE_MS: milliseconds(30_000).describe('Longest time to receive a body that is not a stream'),
  IDLE_TIMEOUT_MS: milliseconds(60_000).describe('A connection on which nothing moves for so long is closed'),
  MAX_CONCURRENT_QUERIES: count(256).describe('Questions under way at a time; further ones are answered with 429'),
  MAX_CONCURRENT_INGESTS: count(64).describe('POST /events under way at a time; further ones are answered with 429'),
});

export type ServingConfig = Readonly<z.output<typeof servingConfigSchema>>;

/** What it needs besides as a process of its own. */
export const servingProcessSchema = z.object({
  ...servingConfigSchema.shape,
  ...connectionSchema.shape,
  LOG_PARTITIONS: z.coerce
    .number({ error: 'allowed is a whole number from 1 to 1024' })
    .int()
    .min(1)
    .max(1_024)
    .default(4),
  LOG_LEVEL: z.enum(LOG_LEVELS, `allowed are ${LOG_LEVELS.join(', ')}`).default('info'),
});

/** Without a token anybody who can connect may write: so then only this machine may connect. */
export function checkExposure({ HOST, API_TOKEN }: ServingConfig): void {
  if (API_TOKEN !== undefined || LOOPBACK.includes(HOST)) return;
  throw new TandemError(
    'configuration-invalid',
    `HOST: found ${HOST} without an API_TOKEN; allowed is ${LOOPBACK.join(', ')}, or set API_TOKEN`,
  );
}
