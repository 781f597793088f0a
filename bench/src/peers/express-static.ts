import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import express from 'express';

/**
 * express as fast as it gets: each address of a JSON file (path → text) is answered with its bytes, made once.
 * Run as a process of its own; prints its address.
 */
const [file = ''] = process.argv.slice(2);
const bodies: Readonly<Record<string, string>> = JSON.parse(readFileSync(file, 'utf8'));
const buffers = new Map(Object.entries(bodies).map(([path, text]) => [path, Buffer.from(text)]));

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/metrics/:metric', (request, response) => {
  response.type('application/json').send(buffers.get(request.originalUrl));
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
