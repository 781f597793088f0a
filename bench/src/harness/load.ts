import { TandemError } from '@tandem/shared';
import autocannon from 'autocannon';

export const CONNECTIONS = 32;

export type Load = { readonly requestsPerSecond: number; readonly p99Ms: number };

/** Asks one address over and over on 32 connections, as fast as answers come or at a rate. Throws unless all are 200. */
export async function load(url: string, seconds: number, overallRate?: number): Promise<Load> {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    ...(overallRate ? { overallRate } : {}),
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new TandemError(
      'internal',
      `${url}: found ${result.non2xx} answers other than 2xx and ${result.errors} errors`,
    );
  }
  return { requestsPerSecond: result.requests.total / result.duration, p99Ms: result.latency.p99 };
}
