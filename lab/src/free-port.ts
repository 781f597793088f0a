import { once } from 'node:events';
import { createServer } from 'node:net';
import { TandemError } from '@tandem/shared';

/** A port of 127.0.0.1 that nobody uses now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address !== null && typeof address !== 'string') return address.port;
  throw new TandemError('internal', 'found no port of a TCP server');
}
