import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@tandem/shared';
import { freePort } from '../processes/free-port.js';

const ATTEMPTS = 5;
const TAKEN = /address already in use/i;

/**
 * Starts a server on so many ports of 127.0.0.1: those of its last start if they are free, so that addresses once
 * noted stay right. Tries other ones when somebody takes a port in between.
 */
export async function startOnPorts<Started>(
  folder: string,
  count: number,
  start: (ports: readonly number[]) => Promise<Started>,
): Promise<Started> {
  const file = join(folder, 'ports');
  const last = await readFile(file, 'utf8').then(
    (text) => text.trim().split(' ').map(Number),
    () => [],
  );
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(count, attempt === 1 ? last : []);
    try {
      const started = await start(ports);
      await writeFile(file, `${ports.join(' ')}\n`);
      return started;
    } catch (error) {
      if (attempt === ATTEMPTS || !TAKEN.test(messageOf(error))) throw error;
    }
  }
}

async function choosePorts(count: number, preferred: readonly number[]): Promise<readonly number[]> {
  const ports = new Set<number>();
  for (const port of preferred.slice(0, count)) ports.add(await freePort(port));
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
