import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const STATUSES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

const broken = new WeakSet<IncomingMessage>();

/** True when the rest of the request's body will not come, or cannot be read: its bytes have ended before their end. */
export function isBroken(request: IncomingMessage): boolean {
  return broken.has(request);
}

/**
 * Lets whoever reads a body answer when the rest of it cannot be read as HTTP, or does not come: for the reader the body
 * then ends, and `isBroken`. Without this the connection would be cut, and with it what was taken untold.
 */
export function answerBrokenRequests(server: Server): void {
  const underWay = new WeakMap<Duplex, IncomingMessage>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    underWay.set(request.socket, request);
    response.once('close', () => underWay.delete(request.socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const request = underWay.get(socket);
    underWay.delete(socket);
    if (request && !request.complete && error.code?.startsWith('HPE_')) breakOff(request);
    else if (request || !socket.writable) socket.destroy();
    else socket.end(answerTo(error));
  });
}

/** As Node ends a body: one that is not complete would take the connection with it, and the answer. */
function breakOff(request: IncomingMessage): void {
  broken.add(request);
  request.complete = true;
  request.push(null);
}

/** To what is no request there is no response object to answer with. */
function answerTo({ code = '' }: NodeJS.ErrnoException): string {
  const line = STATUSES[code] ?? '400 Bad Request';
  const body = JSON.stringify({
    type: 'urn:tandem:problem:request-invalid',
    title: 'The request cannot be understood',
    status: Number(line.slice(0, 3)),
    detail: `found a request that is not HTTP/1.1 (${code || 'unknown'}); allowed is a whole request as RFC 9112 has it`,
  });
  const headers = ['Connection: close', 'Content-Type: application/problem+json', `Content-Length: ${body.length}`];
  return [`HTTP/1.1 ${line}`, ...headers, '', body].join('\r\n');
}
