import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server. When told so, it passes on the next request and cuts the line before the answer. */
export class AnswerDropper {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isDropping = false;

  static async start(port: number): Promise<AnswerDropper> {
    const dropper = new AnswerDropper(port);
    dropper.#server.listen(0, '127.0.0.1');
    await once(dropper.#server, 'listening');
    return dropper;
  }

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const upstream = connect(port, '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          client.destroy();
          upstream.destroy();
          this.#sockets.delete(socket);
        });
      }
      client.pipe(upstream, { end: false });
      upstream.on('data', (answer) => {
        if (!this.#isDropping) return client.write(answer);
        this.#isDropping = false;
        return client.destroy();
      });
    });
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  dropNextAnswer(): void {
    this.#isDropping = true;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
