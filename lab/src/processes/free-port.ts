import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { TandemError } from '@tandem/shared';

/**
 * Below what Linux and macOS give to outgoing connections. While a server of ours is down, a client that tries again
 * and again would otherwise be given the very port that it calls, be answered by itself, and keep the server out.
 */
const LOWEST_PORT = 10_240;
const HIGHEST_PORT = 32_767;
const ATTEMPTS = 200;

/** A port of 127.0.0.1 on which nobody listens now: the preferred one if it is free. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred !== undefined && (await isFree(preferred))) return preferred;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT + 1);
    if (await isFree(port)) return port;
  }
  throw new TandemError(
    'unavailable',
    `found no free port in ${ATTEMPTS} attempts; allowed are ${LOWEST_PORT} to ${HIGHEST_PORT} on 127.0.0.1: end what listens there`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening');
    probe.close();
    await once(probe, 'close');
    return true;
  } catch {
    return false;
  }
}
