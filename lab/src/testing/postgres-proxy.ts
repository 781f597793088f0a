import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A statement that a layer sends, and those before it in its transaction, from BEGIN on. */
export type Statement = { readonly text: string; readonly before: readonly string[] };

/** A statement that Postgres has not seen yet. Nothing else goes through its connection meanwhile. */
export type HeldStatement = {
  readonly text: string;
  pass(): void;
  /** Cuts the connection instead: Postgres never sees the statement. */
  cut(): void;
  /** Lets it pass and cuts the connection once Postgres has answered: the layer never sees the answer. */
  passAndCutAnswer(): Promise<void>;
};

type Hold = { readonly isMeant: (statement: Statement) => boolean; readonly take: (held: HeldStatement) => void };
/** What the lines of one proxy share. */
type Watch = {
  isSilent: boolean;
  hold: Hold | undefined;
  readonly passed: Statement[];
};

/** What a COPY … FROM STDIN ends with, named as if it were a statement. */
export const COPY_DONE = 'COPY DONE';

/** Stands between a layer and Postgres (without TLS), sees every statement before Postgres does, and can stop it there. */
export class PostgresProxy {
  /** As POSTGRES_URL takes it. */
  readonly url: string;
  readonly #server: Server;
  readonly #lines: Set<Line>;
  readonly #watch: Watch;

  static async start(postgresUrl: string): Promise<PostgresProxy> {
    const { hostname, port } = new URL(postgresUrl);
    const watch: Watch = { isSilent: false, hold: undefined, passed: [] };
    const lines = new Set<Line>();
    const server = createServer((client) => {
      const line = new Line(client, connect(Number(port), hostname), watch);
      lines.add(line);
      client.on('close', () => lines.delete(line));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PostgresProxy(postgresUrl, server, lines, watch);
  }

  private constructor(postgresUrl: string, server: Server, lines: Set<Line>, watch: Watch) {
    const url = new URL(postgresUrl);
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    this.url = url.href;
    this.#server = server;
    this.#lines = lines;
    this.#watch = watch;
  }

  /** Every statement that was passed on, in its order. */
  get passed(): readonly Statement[] {
    return this.#watch.passed;
  }

  /** Stops the first statement that is meant; resolves when it has come. */
  hold(isMeant: (statement: Statement) => boolean): Promise<HeldStatement> {
    return new Promise((take) => {
      this.#watch.hold = { isMeant, take };
    });
  }

  /** Waits for no statement any more. One that is held stays so. */
  holdNone(): void {
    this.#watch.hold = undefined;
  }

  /** Lets nothing through in either direction, and cuts no connection: as if the network were gone. */
  silence(): void {
    this.#watch.isSilent = true;
  }

  /** Lets through what came meanwhile and all that follows. */
  speak(): void {
    this.#watch.isSilent = false;
    for (const line of this.#lines) line.flush();
  }

  async stop(): Promise<void> {
    for (const line of this.#lines) line.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** One connection. */
class Line {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #watch: Watch;
  readonly #fromServer: Buffer[] = [];
  #fromClient: Buffer = Buffer.alloc(0);
  #before: string[] = [];
  #hasStarted = false;
  #isHeld = false;
  #onAnswer: (() => void) | undefined;

  constructor(client: Socket, server: Socket, watch: Watch) {
    this.#client = client;
    this.#server = server;
    this.#watch = watch;
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', () => this.cut());
    }
    client.on('data', (bytes) => {
      this.#fromClient = Buffer.concat([this.#fromClient, bytes]);
      this.flush();
    });
    server.on('data', (bytes) => {
      this.#fromServer.push(bytes);
      this.flush();
    });
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  /** Passes on what has come and may pass. */
  flush(): void {
    if (this.#watch.isSilent) return;
    for (const bytes of this.#fromServer.splice(0)) this.#answer(bytes);
    while (!this.#isHeld) {
      const message = this.#nextMessage();
      if (!message) return;
      this.#take(message);
    }
  }

  #answer(bytes: Buffer): void {
    if (this.#onAnswer) this.#onAnswer();
    else this.#client.write(bytes);
  }

  /** A message is a letter and its length; the first one of a connection has no letter. */
  #nextMessage(): Buffer | undefined {
    const lengthAt = this.#hasStarted ? 1 : 0;
    if (this.#fromClient.length < lengthAt + 4) return undefined;
    const size = lengthAt + this.#fromClient.readInt32BE(lengthAt);
    if (this.#fromClient.length < size) return undefined;
    const message = this.#fromClient.subarray(0, size);
    this.#fromClient = this.#fromClient.subarray(size);
    return message;
  }

  #take(message: Buffer): void {
    const text = this.#hasStarted ? statementIn(message) : undefined;
    this.#hasStarted = true;
    if (text === undefined) {
      this.#server.write(message);
      return;
    }
    if (text === 'BEGIN') this.#before = [];
    const statement = { text, before: [...this.#before] };
    this.#before.push(text);
    const { hold } = this.#watch;
    if (hold?.isMeant(statement)) this.#hold(hold, statement, message);
    else this.#pass(statement, message);
  }

  #pass(statement: Statement, message: Buffer): void {
    this.#watch.passed.push(statement);
    this.#server.write(message);
  }

  #hold({ take }: Hold, statement: Statement, message: Buffer): void {
    this.#watch.hold = undefined;
    this.#isHeld = true;
    const pass = () => {
      this.#pass(statement, message);
      this.#isHeld = false;
      this.flush();
    };
    const passAndCutAnswer = async () => {
      const answered = new Promise<void>((resolve) => {
        this.#onAnswer = resolve;
      });
      pass();
      await answered;
      this.cut();
    };
    take({ text: statement.text, pass, cut: () => this.cut(), passAndCutAnswer });
  }
}

/** The text in a Query or a Parse message. */
function statementIn(message: Buffer): string | undefined {
  const kind = String.fromCharCode(message[0] ?? 0);
  if (kind === 'c') return COPY_DONE;
  if (kind === 'Q') return textAt(message, 5);
  return kind === 'P' ? textAt(message, message.indexOf(0, 5) + 1) : undefined;
}

function textAt(message: Buffer, start: number): string {
  return message.toString('utf8', start, message.indexOf(0, start)).trim();
}
