import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { kindOf, type RedisRequest, RequestReader, type WriteKind } from './redis-requests.js';

/**
 * `unsent`: Redis never gets the write. `unanswered`: it has done it, and the answer gets lost.
 * `late`: nothing is cut, but the write gets to Redis only after what happens meanwhile.
 */
export type CutPoint = 'unsent' | 'unanswered' | 'late';

type Cut = {
  readonly kind: WriteKind;
  readonly at: CutPoint;
  /** What happens while neither side knows yet. */
  readonly meanwhile: () => Promise<void>;
  readonly done: () => void;
};

/** Stands between clients and a Redis, and cuts the line in the middle of a write that it was told to wait for. */
export class RedisLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | null = null;

  static async start(redisUrl: string): Promise<RedisLine> {
    const line = new RedisLine(Number(new URL(redisUrl).port));
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  private constructor(port: number) {
    this.#server = createServer((client) => this.#connect(client, connect(port, '127.0.0.1')));
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts the next write of this kind. Resolves when that has happened. */
  cutNext(kind: WriteKind, at: CutPoint, meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    return new Promise((done) => {
      this.#cut = { kind, at, meanwhile, done };
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(client: Socket, upstream: Socket): void {
    const requests = new RequestReader();
    const waiting: Buffer[] = [];
    let isCut = false;
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        if (isCut) return;
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      for (const request of requests.read(chunk)) {
        waiting.push(request.bytes);
        const cut = isCut ? null : this.#cutFor(request);
        if (cut?.at === 'late') {
          isCut = true;
          void cut.meanwhile().finally(() => {
            isCut = false;
            for (const bytes of waiting.splice(0)) upstream.write(bytes);
            cut.done();
          });
        } else if (cut) {
          isCut = true;
          void this.#perform(cut, request, client, upstream);
        } else if (!isCut) for (const bytes of waiting.splice(0)) upstream.write(bytes);
      }
    });
    upstream.on('data', (answer) => {
      if (!isCut) client.write(answer);
    });
  }

  #cutFor({ words }: RedisRequest): Cut | null {
    const cut = this.#cut;
    if (cut === null || kindOf(words) !== cut.kind) return null;
    this.#cut = null;
    return cut;
  }

  async #perform({ at, meanwhile, done }: Cut, { bytes }: RedisRequest, client: Socket, upstream: Socket) {
    // Redis closes its side when it has read, and done, everything before the end.
    if (at === 'unanswered') upstream.write(bytes);
    upstream.end();
    if (!upstream.destroyed) await once(upstream, 'close');
    await meanwhile();
    client.destroy();
    done();
  }
}
