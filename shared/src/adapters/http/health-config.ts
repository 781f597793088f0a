import { z } from 'zod';
import { allowedHostsSchema } from './allowed-hosts.js';

/** Where a process that has no other front door says how it is. */
export const healthSchema = z.object({
  /** 0 takes a free one. */
  HEALTH_PORT: z.coerce
    .number({ error: 'allowed is a port from 0 to 65535' })
    .int()
    .min(0)
    .max(65_535, { error: 'allowed is a port from 0 to 65535' })
    .default(0),
  /** Only this machine, if nothing else is said: what is told there is for who runs the process. */
  HEALTH_HOST: z.string().min(1).default('127.0.0.1'),
  ALLOWED_HOSTS: allowedHostsSchema,
});
