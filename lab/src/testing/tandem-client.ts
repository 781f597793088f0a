import { messageOf } from '@tandem/shared';

/** Tandem's HTTP front door, as a test's client sees it. */

export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly text: string;
};

export type Numbers = Readonly<Record<string, number | null>>;

export type MetricAnswer = {
  readonly merged: Numbers;
  readonly batch: Numbers;
  readonly speed: Numbers;
  readonly boundary: { readonly run: number; readonly offsets: Readonly<Record<string, number>> };
  readonly freshness: { readonly speed_lag_events: number | null };
  /** Null: an error without a bound. */
  readonly approximate: Numbers;
  readonly status: string;
  /** With `explain=1`. */
  readonly explain?: {
    readonly speed: readonly { readonly boundary: number; readonly records: { readonly read: number } }[];
  };
};

export type RunBody = {
  readonly id: number;
  readonly state: string;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly [key: string]: unknown;
};

const REQUEST_TIMEOUT_MS = 30_000;
const RUN_TIMEOUT_MS = 60_000;
const POLL_MS = 25;

export class TandemClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Tries once more when the server has just closed a connection that had long been idle. */
  async get(path: string): Promise<Reply> {
    return this.send('GET', path).catch(() => this.send('GET', path));
  }

  async post(path: string, body: unknown = {}): Promise<Reply> {
    return this.send('POST', path, JSON.stringify(body), 'application/json');
  }

  /** Throws when there is no whole answer: the connection broke, or none came in time. */
  async send(method: string, path: string, body?: string | Uint8Array, contentType?: string): Promise<Reply> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      ...(contentType ? { headers: { 'content-type': contentType } } : {}),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parsed(text) };
  }

  /** The answer to a question that must be answered with 200. */
  async answer(path: string): Promise<MetricAnswer> {
    return this.#expected(200, await this.get(path), path) as MetricAnswer;
  }

  /** Any body that must come with 200. */
  async body<Body>(path: string): Promise<Body> {
    return this.#expected(200, await this.get(path), path) as Body;
  }

  /** Sends events that must all be accepted. */
  async ingest(events: readonly unknown[]): Promise<void> {
    const body = this.#expected(202, await this.post('/events', events), '/events') as { accepted: number };
    if (body.accepted !== events.length) throw new Error(`found ${body.accepted} of ${events.length} events accepted`);
  }

  /** Asks for a run, waits until it is over and returns it. Where another is active, that one comes first. */
  async run(mode: 'incremental' | 'full' = 'incremental'): Promise<RunBody> {
    const reply = await this.post('/batch/runs', { mode });
    if (reply.status === 409) {
      await this.runOver((reply.body as { id: number }).id);
      return this.run(mode);
    }
    const { id } = this.#expected(202, reply, '/batch/runs') as { id: number };
    return this.runOver(id);
  }

  /** All runs that are remembered, newest first. */
  async runs(): Promise<readonly RunBody[]> {
    return (await this.body<{ runs: readonly RunBody[] }>('/batch/runs')).runs;
  }

  /** The run, once it is published or failed. */
  async runOver(id: number): Promise<RunBody> {
    const deadline = Date.now() + RUN_TIMEOUT_MS;
    for (;;) {
      const run = await this.body<RunBody>(`/batch/runs/${id}`);
      if (run.state === 'published' || run.state === 'failed') return run;
      if (Date.now() > deadline) throw new Error(`run ${id} is still ${run.state} after ${RUN_TIMEOUT_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** A run that must be published. */
  async publish(mode: 'incremental' | 'full' = 'incremental'): Promise<RunBody> {
    const run = await this.run(mode);
    if (run.state !== 'published') throw new Error(`run ${run.id} ${run.state}: ${run.error?.message}`);
    return run;
  }

  /** Resolves once the speed layer has applied everything that is in the log now. */
  async untilCaughtUp(): Promise<void> {
    const deadline = Date.now() + REQUEST_TIMEOUT_MS;
    let last = '';
    while (Date.now() < deadline) {
      const reply = await this.get('/metrics/revenue');
      if (reply.status === 200 && (reply.body as MetricAnswer).freshness.speed_lag_events === 0) return;
      last = `${reply.status} ${reply.text.slice(0, 500)}`;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`the speed layer has not caught up: ${last}`);
  }

  #expected(status: number, reply: Reply, path: string): unknown {
    if (reply.status === status) return reply.body;
    throw new Error(`${path}: found HTTP ${reply.status} instead of ${status}: ${reply.text.slice(0, 1000)}`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return { notJson: messageOf(error) };
  }
}

/** Ten-thousandths of a number in an answer, exactly. Throws where it has more than 4 decimals. */
export function tenThousandthsOf(shown: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,4}))?$/.exec(String(shown));
  if (!match) throw new Error(`found ${shown} in an answer; allowed is a decimal with at most 4 places`);
  const [, sign, whole = '0', fraction = ''] = match;
  return BigInt(`${sign}${whole}${fraction.padEnd(4, '0')}`);
}
