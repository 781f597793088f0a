import { readConfig } from '@tandem/shared';
import { z } from 'zod';

const schema = z.object({
  /** The bearer token of a server that wants one for writing. */
  API_TOKEN: z.string().min(1).optional(),
});

export type ProducerConfig = Readonly<z.output<typeof schema>>;

export function readProducerConfig(environment?: Readonly<Record<string, string | undefined>>): ProducerConfig {
  return readConfig(schema, environment);
}
