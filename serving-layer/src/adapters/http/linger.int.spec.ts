import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@tandem/shared';
import { createApp } from './app.js';
import { LINGER_MS } from './linger.js';
import { HttpProblem } from './problem.js';
import type { Route } from './route.js';

const SHORT_LINGER_MS = 400;
const PIECE = Buffer.alloc(65_536, '[');
/** More than a socket holds on either side. */
const PIECES = 600;

const refusing: Route = {
  method: 'POST',
  path: '/refuses',
  summary: 'Refuses before it reads.',
  handle: () => {
    throw new HttpProblem(413, 'body-too-large', 'Too large', 'found too much');
  },
  describe: { answers: {}, problems: [413] },
};

/** Lingers as long as it does for users: a busy machine takes its time to send a long body. */
let server: Server;
let hasty: Server;
beforeAll(async () => {
  server = await serve(LINGER_MS);
  hasty = await serve(SHORT_LINGER_MS);
});
afterAll(() => {
  for (const one of [server, hasty]) {
    one.closeAllConnections();
    one.close();
  }
});

async function serve(lingerMs: number): Promise<Server> {
  const guard = { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] };
  const logger = createLogger('test', 'silent');
  const started = createServer(createApp({ routes: [refusing], token: undefined, guard, logger, lingerMs }));
  started.listen(0, '127.0.0.1');
  await once(started, 'listening');
  return started;
}

async function caller(to: Server, path: string, length: string): Promise<Socket> {
  const { port } = to.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${length}\r\n\r\n`);
  await once(socket, 'connect');
  return socket;
}

/** What the server says until it ends. */
async function read(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('an answer that is ready before the body has come', () => {
  it.each([
    ['/refuses', 413],
    ['/nowhere', 404],
  ])('reaches a caller who reads only after the last byte of %s', async (path, status) => {
    const socket = await caller(server, path, `Content-Length: ${PIECES * PIECE.length}`);
    for (let sent = 0; sent < PIECES; sent++) {
      if (!socket.write(PIECE)) await once(socket, 'drain');
    }
    const answer = await read(socket);
    expect(answer).toContain(`HTTP/1.1 ${status}`);
    expect(answer).toContain('Connection: close');
    expect(answer.endsWith('}')).toBe(true);
  });

  it('does not keep a connection whose caller never comes to an end', async () => {
    const began = Date.now();
    const socket = await caller(hasty, '/refuses', 'Content-Length: 1000000');
    expect(await read(socket)).toContain('HTTP/1.1 413');
    const tookMs = Date.now() - began;
    expect(tookMs).toBeGreaterThanOrEqual(SHORT_LINGER_MS - 50);
    expect(tookMs).toBeLessThan(SHORT_LINGER_MS + 5_000);
  });

  it('leaves the connection open when there is no body to come', async () => {
    const socket = await caller(server, '/refuses', 'Content-Length: 0');
    const [first] = await once(socket, 'data');
    expect(String(first)).toContain('HTTP/1.1 413');
    expect(String(first)).toContain('Connection: keep-alive');
    socket.destroy();
  });
});
