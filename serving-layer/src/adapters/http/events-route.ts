import { type EventLog, eventSchema } from '@tandem/shared';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { type IngestResult, ingestLines, ingestValue, MAX_LISTED_REFUSALS } from '../../ingest.js';
import type { Gate } from './gate.js';
import { HttpProblem } from './problem.js';
import { bodyChunks, contentTypeOf, MAX_BODY_BYTES, readJson, unsupportedType } from './read-body.js';
import { type Route, sendJson } from './route.js';

const JSON_TYPE = 'application/json';
const NDJSON_TYPE = 'application/x-ndjson';

export type EventsRouteOptions = { readonly log: EventLog; readonly gate: Gate; readonly bodyDeadlineMs: number };

/** POST /events: one event, an array, or a stream of lines. Answers once the log has them durably. */
export function eventsRoute({ log, gate, bodyDeadlineMs }: EventsRouteOptions): Route {
  const event = z.toJSONSchema(eventSchema, { io: 'input' });
  return {
    method: 'POST',
    path: '/events',
    summary: 'Append events. Answers when they are durable; copies (same event_id and occurred_at) change nothing.',
    handle: (request, response) =>
      gate.pass(async () => answerIngest(response, await ingest(request, log, bodyDeadlineMs))),
    describe: {
      body: { [JSON_TYPE]: { oneOf: [event, { type: 'array', items: event }] }, [NDJSON_TYPE]: event },
      answers: { 202: 'How many events were accepted, and which were refused (the first hundred, and how many)' },
      problems: [400, 401, 413, 415, 429, 503],
    },
  };
}

async function ingest(request: Request, log: EventLog, bodyDeadlineMs: number): Promise<IngestResult> {
  const type = contentTypeOf(request);
  if (type === NDJSON_TYPE) return ingestLines(log, bodyChunks(request));
  if (type === JSON_TYPE) return ingestValue(log, (await readJson(request, bodyDeadlineMs)) ?? []);
  throw unsupportedType(type, [JSON_TYPE, NDJSON_TYPE]);
}

function answerIngest(response: Response, { accepted, refused, refusedCount }: IngestResult): void {
  const facts = { accepted, refused, refused_count: refusedCount };
  if (accepted > 0) {
    sendJson(response, 202, facts);
    return;
  }
  const found = refusedCount === 0 ? 'found no event' : `all ${refusedCount} events were refused`;
  throw new HttpProblem(
    400,
    'events-refused',
    'No event was accepted',
    `${found}; allowed is JSON (an object or an array, up to ${MAX_BODY_BYTES} bytes) or NDJSON; the first ${MAX_LISTED_REFUSALS} refusals are listed`,
    { facts },
  );
}
