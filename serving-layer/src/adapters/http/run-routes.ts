import { type BatchRun, offsetsToJson, type PublishedRun, type RunStore, TandemError } from '@tandem/shared';
import type { Request } from 'express';
import { z } from 'zod';
import { checkParameters, readParameters } from '../../query/read-parameters.js';
import { checkBody, checkInput } from './check-input.js';
import { within } from './gate.js';
import { HttpProblem } from './problem.js';
import { contentTypeOf, type JsonBody, readJson, unsupportedType } from './read-body.js';
import { queryStringOf, type Route, sendJson } from './route.js';

const runRequestSchema = z.strictObject({
  mode: z.enum(['incremental', 'full']).default('incremental').describe('full recomputes every day'),
});
const RUN_ID = 'allowed is the number of the run that is current, as GET /batch/runs tells it';
const rollbackSchema = z.strictObject({
  from: z
    .int({ error: RUN_ID })
    .min(1, { error: RUN_ID })
    .optional()
    .describe('The run to go back from: 409 unless it is current, so that the same call again changes nothing'),
});
const LIMIT = 'allowed is a whole number from 1 to 1000';
export const limitSchema = z.strictObject({
  limit: z
    .string(LIMIT)
    .refine((text) => /^(?:[1-9]\d{0,2}|1000)$/.test(text), LIMIT)
    .transform(Number)
    .default(20)
    .meta({ type: 'integer', minimum: 1, maximum: 1_000, description: 'Most entries, newest first' }),
});
const idSchema = z.strictObject({
  id: z
    .string()
    .regex(/^\d{1,15}$/, 'allowed is the number of a run')
    .transform(Number),
});

export type RunRouteOptions = {
  readonly runs: RunStore;
  readonly bodyDeadlineMs: number;
  readonly queryDeadlineMs: number;
};

/** Everything under /batch. */
export function runRoutes(options: RunRouteOptions): readonly Route[] {
  return [startRoute(options), listRoute(options), getRoute(options), rollbackRoute(options)];
}

/** Asking again after the deadline is safe: a run that was started all the same is named then. */
function startRoute({ runs, bodyDeadlineMs, queryDeadlineMs }: RunRouteOptions): Route {
  return {
    method: 'POST',
    path: '/batch/runs',
    summary: 'Start a batch run. One runs at a time.',
    handle: async (request, response) => {
      const { mode } = checkBody(runRequestSchema, await readOptionalJson(request, bodyDeadlineMs));
      const requested = await within(queryDeadlineMs, 'Asking for a run', runs.request(mode, 'manual'));
      if (!requested.accepted) throw runActive(requested.activeId);
      sendJson(response, 202, { id: requested.id }, { Location: `/batch/runs/${requested.id}` });
    },
    describe: {
      body: { 'application/json': z.toJSONSchema(runRequestSchema, { io: 'input' }) },
      answers: { 202: 'The id of the run; its progress is at Location' },
      problems: [400, 401, 409, 413, 415, 503],
    },
  };
}

function listRoute({ runs, queryDeadlineMs }: RunRouteOptions): Route {
  return {
    method: 'GET',
    path: '/batch/runs',
    summary: 'Batch runs, newest first.',
    handle: async (request, response) => {
      const { limit } = readLimit(request);
      const looking = Promise.all([runs.list(limit), runs.current()]);
      const [list, current] = await within(queryDeadlineMs, 'Looking for runs', looking);
      sendJson(response, 200, { current: current.id, runs: list.map((run) => showRun(run, current)) });
    },
    describe: {
      query: z.toJSONSchema(limitSchema, { io: 'input' }),
      answers: {
        200: 'Runs with state, boundary, rows read, duplicates, days recomputed, durations, what a run waits for and error',
      },
      problems: [400, 503],
    },
  };
}

function getRoute({ runs, queryDeadlineMs }: RunRouteOptions): Route {
  return {
    method: 'GET',
    path: '/batch/runs/:id',
    summary: 'One batch run.',
    handle: async (request, response) => {
      const { id } = checkInput(idSchema, { id: request.params['id'] });
      const looking = Promise.all([runs.get(id), runs.current()]);
      const [run, current] = await within(queryDeadlineMs, 'Looking for the run', looking);
      if (!run) throw new TandemError('not-found', `found run ${id}; allowed is one that GET /batch/runs lists`);
      sendJson(response, 200, showRun(run, current));
    },
    describe: {
      pathParameters: { id: { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 } },
      answers: { 200: 'The run; `waiting` says for what and since when it stands still, else it is null' },
      problems: [400, 404, 503],
    },
  };
}

/** Without a deadline but the database's: asked again without `from`, it would go back one run more. */
function rollbackRoute({ runs, bodyDeadlineMs }: RunRouteOptions): Route {
  return {
    method: 'POST',
    path: '/batch/rollback',
    summary: 'Make the kept run before the current one current again. Merged answers stay right.',
    handle: async (request, response) => {
      const { from } = checkBody(rollbackSchema, await readOptionalJson(request, bodyDeadlineMs));
      sendJson(response, 200, { current: showPublished(await runs.rollback(from)) });
    },
    describe: {
      body: { 'application/json': z.toJSONSchema(rollbackSchema, { io: 'input' }) },
      answers: { 200: 'The run that is current now' },
      problems: [400, 401, 409, 413, 415, 503],
    },
  };
}

/** The number of entries asked for; `request-invalid` for anything else. */
export function readLimit(request: Request): z.output<typeof limitSchema> {
  const parameters = [...readParameters(queryStringOf(request))];
  return checkParameters(
    limitSchema,
    Object.fromEntries(parameters.map(([name, values]) => [name, values.length > 1 ? values : (values[0] ?? '')])),
  );
}

/** A body is optional: without one there is nothing to have a type. */
async function readOptionalJson(request: Request, bodyDeadlineMs: number): Promise<JsonBody | undefined> {
  const type = contentTypeOf(request);
  if (type !== '' && type !== 'application/json') throw unsupportedType(type, ['application/json']);
  return readJson(request, bodyDeadlineMs);
}

function runActive(activeId: number): HttpProblem {
  return new HttpProblem(
    409,
    'run-active',
    'A batch run is active',
    `run ${activeId} is active; wait until it is published`,
    {
      facts: { id: activeId },
      headers: { Location: `/batch/runs/${activeId}` },
    },
  );
}

function showPublished({ id, boundary, publishedAt }: PublishedRun) {
  return { id, published_at: publishedAt.toISOString(), boundary: offsetsToJson(boundary) };
}

function showRun(run: BatchRun, current: PublishedRun) {
  return {
    id: run.id,
    state: run.state,
    mode: run.mode,
    trigger: run.trigger,
    current: run.id === current.id,
    kept: run.kept,
    requested_at: run.requestedAt.toISOString(),
    started_at: run.startedAt?.toISOString() ?? null,
    finished_at: run.finishedAt?.toISOString() ?? null,
    boundary: run.boundary && offsetsToJson(run.boundary),
    base_run: run.baseRun,
    rows_read: run.rowsRead,
    duplicates: run.duplicates,
    conflicts: run.conflicts,
    days_recomputed: run.daysRecomputed,
    durations_ms: run.durationsMs,
    waiting: run.waiting && { for: run.waiting.for, since: run.waiting.since.toISOString() },
    error: run.error,
  };
}
