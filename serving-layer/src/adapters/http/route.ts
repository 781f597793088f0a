import type { Request, Response } from 'express';

/** One route of the API: registered, listed in 404s and described in OpenAPI from this alone. */
export type Route = {
  readonly method: 'GET' | 'POST';
  /** As express has it: `/batch/runs/:id`. */
  readonly path: string;
  readonly summary: string;
  /** Throws TandemError or HttpProblem. */
  readonly handle: (request: Request, response: Response) => Promise<void> | void;
  /** OpenAPI of parameters, request body and answers; see openapi.ts. */
  readonly describe: OperationDescription;
};

export type JsonSchema = Readonly<Record<string, unknown>>;

export type OperationDescription = {
  readonly pathParameters?: Readonly<Record<string, JsonSchema>>;
  /** JSON schema of an object whose properties are the query parameters. */
  readonly query?: JsonSchema;
  /** For a path with :metric, the same per metric: each is also listed under its own path. */
  readonly perMetric?: Readonly<Record<string, JsonSchema>>;
  /** JSON schema per content type. */
  readonly body?: Readonly<Record<string, JsonSchema>>;
  /** What a success looks like, by status. */
  readonly answers: Readonly<Record<number, string>>;
  /** Problems besides 500, by status. */
  readonly problems: readonly number[];
  /** Content types of a success; JSON when absent. */
  readonly contentTypes?: readonly string[];
};

/** Sends a JSON text. Not express' `send`: that hashes every body for an ETag nobody asks for. */
export function sendJsonText(
  response: Response,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    ...headers,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}

export function sendJson(
  response: Response,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  sendJsonText(response, status, JSON.stringify(value), headers);
}

/** What stands behind the "?" of a request, undecoded. */
export function queryStringOf(request: Request): string {
  const mark = request.url.indexOf('?');
  return mark === -1 ? '' : request.url.slice(mark + 1);
}
