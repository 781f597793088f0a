import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, TandemError } from '../../errors.js';
import { faultOfHost, type HostNames } from './host-guard.js';
import { SECURITY_HEADERS } from './security-headers.js';

export type HealthOptions = HostNames & {
  /** 0 takes a free one. */
  readonly port: number;
  /** Why the process cannot do its work now; empty when it can. */
  readonly reasonsNotReady: () => Promise<readonly string[]>;
  /** What /health tells besides that the process lives. */
  readonly standing?: () => Readonly<Record<string, unknown>>;
};

/**
 * Answers GET /health (200 while the process lives) and GET /ready (200, or 503 with the reasons), for a process that
 * has no other front door. Throws `configuration-invalid` for an address that cannot be had.
 */
export async function startHealthServer(options: HealthOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const fault = faultOfHost(request, options);
    if (fault) send(response, fault.status, { detail: fault.detail });
    else void answer(options, `${request.method} ${request.url?.split('?')[0]}`, response);
  });
  server.listen(options.port, options.host);
  await Promise.race([once(server, 'listening'), once(server, 'error').then(([error]) => Promise.reject(error))]).catch(
    (error) => {
      throw new TandemError(
        'configuration-invalid',
        `HEALTH_PORT: found ${options.host}:${options.port}, which cannot be listened on (${messageOf(error)}); choose another`,
      );
    },
  );
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.close();
    server.closeAllConnections();
  };
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${port}`, stop };
}

async function answer({ reasonsNotReady, standing }: HealthOptions, call: string, response: ServerResponse) {
  if (call === 'GET /health') return send(response, 200, { status: 'alive', ...standing?.() });
  if (call === 'GET /ready') {
    const reasons = await reasonsNotReady().catch((error) => [messageOf(error)]);
    return send(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
  }
  send(response, 404, { detail: `found ${call}; allowed are GET /health and GET /ready` });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'content-type': 'application/json',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(JSON.stringify(body));
}
