import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { createLogger, type Logger, TandemError } from '@tandem/shared';
import { createApp } from './app.js';
import { HttpProblem } from './problem.js';
import type { Route } from './route.js';

function failingRoute(path: string, error: Error): Route {
  const handle = async () => {
    throw error;
  };
  return { method: 'GET', path, summary: path, handle, describe: { answers: { 200: 'never' }, problems: [503] } };
}

const guard = { host: '127.0.0.1', allowedHosts: [], allowedOrigins: [] };

it.each([
  ['what is not ready yet', new HttpProblem(503, 'not-ready', 'Not yet', 'a partition is cold'), 'info'],
  ['what cannot be proven yet', new TandemError('not-provable', 'a partition is cold'), 'info'],
  ['a part that is away', new TandemError('unavailable', 'Postgres is away'), 'error'],
  ['a fault of our own', new Error('unforeseen'), 'error'],
] as const)('says of %s in the log whether somebody has to look', async (_, error, level) => {
  const said: string[] = [];
  const note = (name: string) => () => said.push(name);
  const logger: Logger = Object.assign(createLogger('test', 'silent'), { info: note('info'), error: note('error') });
  const app = createApp({ routes: [failingRoute('/fails', error)], token: undefined, guard, logger });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/fails`);
    expect(status).toBeGreaterThanOrEqual(500);
    expect(said).toEqual([level]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
