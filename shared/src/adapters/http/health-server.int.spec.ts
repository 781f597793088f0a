import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../config.js';
import { sendRaw } from '../../testing/raw-request.js';
import { healthSchema } from './health-config.js';
import { startHealthServer } from './health-server.js';
import { SECURITY_HEADERS } from './security-headers.js';

type HealthServer = Awaited<ReturnType<typeof startHealthServer>>;

let server: HealthServer;
let port: string;
beforeAll(async () => {
  const { HEALTH_HOST: host, ALLOWED_HOSTS: allowedHosts } = readConfig(healthSchema, { ALLOWED_HOSTS: 'worker:9000' });
  server = await startHealthServer({ host, allowedHosts, port: 0, reasonsNotReady: async () => [] });
  port = new URL(server.url).port;
});
afterAll(() => server.stop());

describe('the health server', () => {
  it('listens for this machine alone unless it is told otherwise', () => {
    expect(readConfig(healthSchema, {})).toMatchObject({ HEALTH_HOST: '127.0.0.1', ALLOWED_HOSTS: [] });
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
  });

  it.each([
    ['127.0.0.1:PORT', 200],
    ['localhost:PORT', 200],
    ['worker:9000', 200],
    ['worker:9001', 421],
    ['evil.test:PORT', 421],
    ['localhost:1', 421],
  ])('called as %s answers %i', async (host, status) => {
    const answer = await sendRaw(server.url, ['GET /health HTTP/1.1', `Host: ${host.replace('PORT', port)}`]);
    expect(answer.status).toBe(status);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      expect(answer.headers.get(name.toLowerCase())).toBe(value);
    }
    if (status === 421) expect(answer.body).toContain('ALLOWED_HOSTS');
  });
});
