import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type Posted = { readonly lines: readonly string[]; readonly authorization: string | undefined };
export type Reply = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> };

export type EventsServer = {
  readonly url: string;
  /** Every request that came, also those that were not accepted. */
  readonly posted: readonly Posted[];
  /** The lines of the requests that were answered with 202. */
  readonly accepted: readonly string[];
  close(): Promise<void>;
};

export const acceptAll = ({ lines }: Posted): Reply => ({
  status: 202,
  body: { accepted: lines.length, refused: [], refused_count: 0 },
});

/**
 * A stand-in for `POST /events` that keeps what it is sent, and for the account that is kept of it: one partition, equal
 * lines are copies. `reply` decides by the request and how many came before.
 */
export async function startEventsServer(
  reply: (posted: Posted, before: number) => Reply = acceptAll,
): Promise<EventsServer> {
  const posted: Posted[] = [];
  const accepted: string[] = [];
  const take = async (request: IncomingMessage): Promise<Reply> => {
    const lines = (await text(request)).split('\n').filter((line) => line !== '');
    const one = { lines, authorization: request.headers.authorization };
    const answer = reply(one, posted.length);
    posted.push(one);
    if (answer.status === 202) accepted.push(...lines);
    return answer;
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const isEvents = request.method === 'POST' && request.url === '/events';
    const { status, body, headers } = isEvents ? await take(request) : accountOf(accepted, request.url ?? '');
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted, accepted, close };
}

function accountOf(accepted: readonly string[], path: string): Reply {
  const partition = { from: 0, read: accepted.length, duplicate: accepted.length - new Set(accepted).size };
  if (path === '/ledger') return { status: 200, body: { speed: { cold: null, partitions: [partition] } } };
  if (path === '/metrics') return { status: 200, body: { metrics: [{ name: 'revenue' }] } };
  if (path.startsWith('/metrics/revenue')) return { status: 200, body: { freshness: { speed_lag_events: 0 } } };
  return { status: 404, body: {} };
}
