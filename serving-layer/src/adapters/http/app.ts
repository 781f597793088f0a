import { type Logger, messageOf } from '@tandem/shared';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { authorize } from './authorize.js';
import { type GuardOptions, guard, refuseUntypedFromPage } from './guard.js';
import { endAfterBody, isUnderWay, LINGER_MS } from './linger.js';
import { CSV_TYPE, hasFormat, JSON_TYPE, negotiate } from './negotiate.js';
import { openApiOf } from './openapi.js';
import { HttpProblem, isNotYet, toProblem, writeProblem } from './problem.js';
import { type Route, sendJson } from './route.js';

export type AppOptions = {
  readonly routes: readonly Route[];
  readonly token: string | undefined;
  readonly guard: GuardOptions;
  readonly logger: Logger;
  /** How long the rest of a body is read after its answer; LINGER_MS when absent. */
  readonly lingerMs?: number;
};

/** The express application that serves the routes, and nothing else. */
export function createApp({ routes, token, guard: guardOptions, logger, lingerMs = LINGER_MS }: AppOptions): Express {
  const all = withDescriptions(routes, token);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use(guard(guardOptions));
  for (const route of all) register(app, route, token);
  for (const path of new Set(all.map((route) => route.path))) app.all(path, refuseMethod(all, path));
  app.use(refusePath(all));
  app.use(answerErrors(logger, lingerMs));
  return app;
}

/** The routes, and two more that tell of them. */
export function withDescriptions(routes: readonly Route[], token: string | undefined): readonly Route[] {
  const index: Route = {
    method: 'GET',
    path: '/',
    summary: 'What can be called here.',
    handle: (_request, response) => sendJson(response, 200, { name: 'Tandem', routes: all.map(lineOf) }),
    describe: { answers: { 200: 'The routes' }, problems: [] },
  };
  const description: Route = {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1.',
    handle: (_request, response) => sendJson(response, 200, openApiOf(all, token !== undefined)),
    describe: { answers: { 200: 'The description' }, problems: [] },
  };
  const all = [...routes, index, description];
  return all;
}

function lineOf({ method, path, summary }: Route): string {
  return `${method} ${path}: ${summary}`;
}

function register(app: Express, route: Route, token: string | undefined): void {
  const handle = async (request: Request, response: Response) => {
    // Everything that writes is POST, and nothing else is.
    if (route.method === 'POST') {
      refuseUntypedFromPage(request, Object.keys(route.describe.body ?? { [JSON_TYPE]: {} }));
      authorize(request, token);
    }
    refuseUnwanted(request, route);
    await route.handle(request, response);
  };
  if (route.method === 'GET') app.get(route.path, handle);
  else app.post(route.path, handle);
}

/** Throws 406 before anything is done for a caller who cannot take the answer. */
function refuseUnwanted(request: Request, { describe: { contentTypes = [JSON_TYPE] } }: Route): void {
  if (!(contentTypes.includes(CSV_TYPE) && hasFormat(request))) negotiate(request, contentTypes);
}

function refuseMethod(routes: readonly Route[], path: string) {
  const allowed = routes
    .filter((route) => route.path === path)
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return (request: Request) => {
    const detail = `found ${request.method} ${path}; allowed: ${allowed.join(', ')}`;
    throw new HttpProblem(405, 'method-not-allowed', 'That is not done here', detail, {
      facts: { allowed },
      headers: { Allow: allowed.join(', ') },
    });
  };
}

function refusePath(routes: readonly Route[]) {
  const allowed = routes.map(({ method, path }) => `${method} ${path}`);
  return (request: Request) => {
    const found = request.path.slice(0, 100);
    throw new HttpProblem(
      404,
      'not-found',
      'There is no such route',
      `found ${request.method} ${found}; allowed: ${allowed.join(', ')}`,
      {
        facts: { allowed },
      },
    );
  };
}

/** Express knows an error handler by its four parameters. */
function answerErrors(logger: Logger, lingerMs: number) {
  return (error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const problem = toProblem(error);
    if (request.socket.destroyed) {
      noteGone(request, problem, logger);
      return;
    }
    if (problem.status >= 500) {
      logger[isNotYet(problem) ? 'info' : 'error'](
        { method: request.method, path: request.path, status: problem.status, error: messageOf(error) },
        'request failed',
      );
    }
    // An answer that has begun cannot be taken back: cutting the connection tells the caller that it is not whole.
    if (response.headersSent) response.destroy();
    else answerProblem(request, response, problem, lingerMs);
  };
}

/** The caller has gone in the midst of the request: there is nobody to answer, but what was taken shall be known. */
function noteGone({ method, path }: Request, { facts }: HttpProblem, logger: Logger): void {
  const { accepted, refused_count } = facts;
  if (accepted === undefined) return;
  logger.warn({ method, path, accepted, refused_count }, 'the caller has gone before its events were answered');
}

function answerProblem(request: Request, response: Response, problem: HttpProblem, lingerMs: number): void {
  const isEarly = isUnderWay(request);
  if (isEarly) response.setHeader('Connection', 'close');
  writeProblem(response, problem);
  if (isEarly) endAfterBody(request, response, lingerMs);
  else response.end();
}
