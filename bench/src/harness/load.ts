import { TandemError } from '@tandem/shared';
import autocannon from 'autocannon';

export const CONNECTIONS = 32;

/** Asks one address over and over on 32 connections, as fast as answers come. Throws unless all are 200. */
export async function load(url: string, seconds: number): Promise<{ requestsPerSecond: number; p99Ms: number }> {
  const result = await autocannon({ url, connections: CONNECTIONS, duration: seconds });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new TandemError(
      'internal',
      `${url}: found ${result.non2xx} answers other than 2xx and ${result.errors} errors`,
    );
  }
  return { requestsPerSecond: result.requests.total / result.duration, p99Ms: result.latency.p99 };
}
