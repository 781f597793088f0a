import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, type Refusal, TandemError } from '@tandem/shared';

export type Destination = {
  /** Where Tandem answers, like http://127.0.0.1:8080. */
  readonly url: URL;
  /** Bearer token, for a server that wants one. */
  readonly token?: string | undefined;
  /** Ends waiting and sending. */
  readonly signal?: AbortSignal | undefined;
  /** How often one request is sent at most. */
  readonly attempts?: number;
  /** Whether to try again where nothing listens: pointless if nothing ever did. */
  readonly retryRefusedConnection?: boolean;
  /** Wait before the second attempt; doubles with each further one. */
  readonly firstDelayMs?: number;
};

/** The server's answer for one request; `index` counts its lines from 0. `refused` may list fewer than it refused. */
export type Answer = {
  readonly accepted: number;
  readonly refused: readonly (Refusal & { readonly index: number })[];
};

const ATTEMPTS = 8;
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
const SHOWN_CHARACTERS = 300;
const REFUSED_CONNECTION = 'ECONNREFUSED';

/**
 * Posts NDJSON lines as one request. Sends again, with growing delays, while the server is overloaded or away:
 * safe, since copies of an event are dropped by its identity. Throws `unauthorized`, `unavailable` when nothing
 * answers after the last attempt, `request-invalid` for any other answer.
 */
export async function postEvents(lines: readonly string[], destination: Destination): Promise<Answer> {
  const attempts = destination.attempts ?? ATTEMPTS;
  const body = `${lines.join('\n')}\n`;
  for (let attempt = 1; ; attempt++) {
    try {
      return await postOnce(body, destination);
    } catch (error) {
      if (attempt >= attempts || !mayRetry(error, destination)) throw error;
      await sleep(delayMs(error, attempt, destination), undefined, { signal: destination.signal });
    }
  }
}

function mayRetry(error: unknown, { signal, retryRefusedConnection = true }: Destination): error is TandemError {
  if (!(error instanceof TandemError) || !error.retriable || signal?.aborted) return false;
  return retryRefusedConnection || error.facts['code'] !== REFUSED_CONNECTION;
}

async function postOnce(body: string, { url, token, signal }: Destination): Promise<Answer> {
  const address = new URL('events', url.href.endsWith('/') ? url : `${url.href}/`);
  const headers = { 'content-type': 'application/x-ndjson', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const deadline = new AbortController();
  const stop = () => deadline.abort(new Error('stopped'));
  // Not AbortSignal.any: it keeps something for every request as long as the caller's signal lives.
  signal?.addEventListener('abort', stop, { once: true });
  const timer = setTimeout(() => deadline.abort(new Error(`none within ${REQUEST_TIMEOUT_MS} ms`)), REQUEST_TIMEOUT_MS);
  try {
    const response = await fetch(address, { method: 'POST', body, headers, signal: deadline.signal });
    return readAnswer(url, response, await response.text());
  } catch (error) {
    throw error instanceof TandemError ? error : unreachable(url, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

function readAnswer(url: URL, response: Response, text: string): Answer {
  const answer = parseAnswer(text);
  // 400 is also the answer when no line was accepted: then it lists why.
  if (answer && (response.ok || response.status === 400)) return answer;
  const facts = { status: response.status, retryAfter: response.headers.get('retry-after') };
  const found = `found HTTP ${response.status} from ${url.href}: ${text.slice(0, SHOWN_CHARACTERS)}`;
  if (response.status === 401 || response.status === 403) {
    throw new TandemError('unauthorized', `${found}; give the server's token by --token or API_TOKEN`, { facts });
  }
  if ([429, 502, 503, 504].includes(response.status)) {
    throw new TandemError('unavailable', `${found}; try again when it is ready (GET /ready)`, { facts });
  }
  throw new TandemError('request-invalid', `${found}; allowed is the address of a Tandem server: check --url`, {
    facts,
  });
}

function parseAnswer(text: string): Answer | undefined {
  try {
    const { accepted = 0, refused } = JSON.parse(text) as Partial<Answer>;
    return Array.isArray(refused) ? { accepted, refused } : undefined;
  } catch {
    return undefined;
  }
}

function unreachable(url: URL, error: unknown): TandemError {
  const cause = (error as { cause?: { code?: unknown } }).cause;
  const code = String(cause?.code ?? '');
  const found =
    code === REFUSED_CONNECTION
      ? `found nothing listening at ${url.href}`
      : `no answer from ${url.href}: ${messageOf(cause ?? error)}`;
  return new TandemError('unavailable', `${found}; run npm start, or name its address by --url`, {
    cause: error,
    facts: { code },
  });
}

function delayMs(error: TandemError, attempt: number, { firstDelayMs = FIRST_DELAY_MS }: Destination): number {
  const asked = Number(error.facts['retryAfter'] ?? 0) * 1000;
  const growing = firstDelayMs * 2 ** (attempt - 1);
  return Math.min(LONGEST_DELAY_MS, Math.max(growing, asked || 0));
}
