import { type ErrorCode, type Facts, messageOf, TandemError } from '@tandem/shared';
import type { Response } from 'express';

type Kind = { readonly status: number; readonly title: string; readonly retryAfterSeconds?: number };

/** HTTP status by error code: it lives here and nowhere else. */
const KINDS: Readonly<Record<ErrorCode, Kind>> = {
  'configuration-invalid': { status: 500, title: 'The service is set up wrongly' },
  'definition-invalid': { status: 500, title: 'A metric is defined wrongly' },
  'request-invalid': { status: 400, title: 'The request cannot be understood' },
  unauthorized: { status: 401, title: 'A token is needed' },
  'not-found': { status: 404, title: 'There is no such thing' },
  conflict: { status: 409, title: 'Not possible in the present state' },
  'too-large': { status: 422, title: 'The answer would be too large' },
  overloaded: { status: 429, title: 'Too much at a time', retryAfterSeconds: 1 },
  'not-provable': { status: 503, title: 'The answer cannot be proven right now', retryAfterSeconds: 1 },
  unavailable: { status: 503, title: 'Something that the answer needs is not available', retryAfterSeconds: 2 },
  corrupt: { status: 500, title: 'Stored bytes are not what was written' },
  fenced: { status: 500, title: 'Another process has taken over' },
  internal: { status: 500, title: 'A fault of the service' },
};

export type ProblemOptions = { readonly facts?: Facts; readonly headers?: Readonly<Record<string, string>> };

/** An answer as RFC 9457 has it. Thrown by the HTTP adapter for what only HTTP knows (405, 413, 415). */
export class HttpProblem extends Error {
  readonly status: number;
  readonly kind: string;
  readonly title: string;
  readonly facts: Facts;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, kind: string, title: string, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.title = title;
    this.facts = options.facts ?? {};
    this.headers = options.headers ?? {};
  }

  get type(): string {
    return `urn:tandem:problem:${this.kind}`;
  }

  /** The same problem, with more to say. */
  with(facts: Facts, advice: string): HttpProblem {
    const options = { facts: { ...this.facts, ...facts }, headers: this.headers };
    return new HttpProblem(this.status, this.kind, this.title, `${this.message}${advice}`, options);
  }
}

const NOT_YET = ['not-provable', 'not-ready'];

/** True for "not yet", an answer given many times while a start replays the log; anything else from 500 on is a fault. */
export function isNotYet({ kind }: HttpProblem): boolean {
  return NOT_YET.includes(kind);
}

/** Anything thrown, as a problem. What is not raised on purpose tells the caller nothing of its inside. */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof TandemError) return fromTandemError(error);
  const status = (error as { status?: unknown } | null)?.status;
  if (status === 400)
    return new HttpProblem(
      400,
      'request-invalid',
      KINDS['request-invalid'].title,
      `found an address that cannot be decoded (${messageOf(error).slice(0, 200)}); allowed is UTF-8, percent-encoded`,
    );
  return new HttpProblem(
    500,
    'internal',
    KINDS.internal.title,
    'Something unexpected went wrong; the log of the service says what.',
  );
}

function fromTandemError({ code, message, facts }: TandemError): HttpProblem {
  const { status, title, retryAfterSeconds } = KINDS[code];
  const headers: Record<string, string> = {};
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds);
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="tandem"';
  const detail = code === 'internal' ? 'Something unexpected went wrong; the log of the service says what.' : message;
  return new HttpProblem(status, code, title, detail, { facts, headers });
}

/** Writes the whole answer, without ending it. */
export function writeProblem(response: Response, problem: HttpProblem): void {
  const { status, type, title, message: detail, facts } = problem;
  const body = Buffer.from(JSON.stringify({ ...facts, type, title, status, detail }));
  response.writeHead(status, {
    ...problem.headers,
    'Content-Type': 'application/problem+json',
    'Content-Length': body.length,
  });
  response.write(body);
}
