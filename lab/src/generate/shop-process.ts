import { pathToFileURL } from 'node:url';
import { createLogger, LOG_LEVELS, readConfig, runProcess } from '@tandem/shared';
import { z } from 'zod';
import { start } from './demo-shop.js';

const schema = z.object({
  TANDEM_URL: z.url({ error: 'allowed is the address of the serving layer' }).default('http://127.0.0.1:8080'),
  API_TOKEN: z.string().optional(),
  DEMO_EVENTS_PER_SECOND: z.coerce
    .number({ error: 'allowed is a whole number from 1 to 10000' })
    .int()
    .min(1, { error: 'allowed is a whole number from 1 to 10000' })
    .max(10_000, { error: 'allowed is a whole number from 1 to 10000' })
    .default(20),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
});

/** The demo shop as a process of its own: a client of the serving layer like any other. Resolves with the exit code. */
export function main(): Promise<number> {
  return runProcess(
    'demo shop',
    () => createLogger('demo-shop', 'info'),
    async (parts) => {
      const {
        TANDEM_URL: url,
        API_TOKEN: token,
        DEMO_EVENTS_PER_SECOND: eventsPerSecond,
        LOG_LEVEL,
      } = readConfig(schema);
      const logger = createLogger('demo-shop', LOG_LEVEL);
      const closing = new AbortController();
      const closed = start({
        url,
        token,
        eventsPerSecond,
        signal: closing.signal,
        onTrouble: (message) => logger.warn(message),
      });
      parts.add(() => {
        closing.abort();
        return closed;
      });
      console.log(`The demo shop sends about ${eventsPerSecond} events per second to ${url}`);
    },
  );
}

// Containers run this file itself.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
