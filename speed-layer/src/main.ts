import { pathToFileURL } from 'node:url';
import { createLogger, type ProcessParts, readConfig, runProcess } from '@tandem/shared';
import { requireShared, type SharedConnections } from '@tandem/shared/adapters/connections';
import { startHealthServer } from '@tandem/shared/adapters/http/health-server';
import { type SpeedThread, startThread } from './adapters/speed-thread.js';
import { type SpeedProcessConfig, speedProcessSchema } from './config.js';

/** The speed layer as a process of its own: threads that share the partitions. Resolves with the exit code. */
export function main(): Promise<number> {
  return runProcess('speed layer', () => createLogger('speed-layer', 'info'), startProcess);
}

async function startProcess(parts: ProcessParts): Promise<void> {
  const config = requireShared('speed layer', readConfig(speedProcessSchema));
  const threads = await startThreads(config, parts);
  const health = await startHealthServer({
    host: config.HEALTH_HOST,
    allowedHosts: config.ALLOWED_HOSTS,
    port: config.HEALTH_PORT,
    standing: () => ({ partitions: threads.flatMap((thread) => thread.standing()) }),
    reasonsNotReady: async () => threads.flatMap((thread) => thread.reasonsNotReady()),
  });
  parts.add(() => health.stop());
  console.log(`The speed layer says how it is at ${health.url}/health`);
}

/** The first starts alone: it makes what is missing, and tells what is wrong with the settings. */
async function startThreads(
  config: SpeedProcessConfig & SharedConnections,
  parts: ProcessParts,
): Promise<readonly SpeedThread[]> {
  const threads: SpeedThread[] = [];
  for (let count = 0; count < config.SPEED_WORKERS; count++) {
    const thread = await startThread(config);
    parts.add(() => thread.stop());
    threads.push(thread);
  }
  return threads;
}

// Containers and tests run this file itself.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exit(await main());
