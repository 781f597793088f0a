import { type EventLog, eventSchema } from '@tandem/shared';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { type IngestResult, ingestJson, ingestLines, MAX_LISTED_REFUSALS } from '../../ingest.js';
import { bodyChunks } from './body-chunks.js';
import type { Gate } from './gate.js';
import { HttpProblem, toProblem } from './problem.js';
import { contentTypeOf, MAX_BODY_BYTES, readJson, unsupportedType } from './read-body.js';
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
      body: { [JSON_TYPE]: { oneOf: [event, { type: 'array', items: event, minItems: 1 }] }, [NDJSON_TYPE]: event },
      answers: { 202: 'How many events were accepted, and which were refused (the first hundred, and how many)' },
      problems: [400, 401, 413, 415, 429, 503],
    },
  };
}

async function ingest(request: Request, log: EventLog, bodyDeadlineMs: number): Promise<IngestResult> {
  const type = contentTypeOf(request);
  if (type === NDJSON_TYPE) return ingestLines(log, bodyChunks(request));
  if (type !== JSON_TYPE) throw unsupportedType(type, [JSON_TYPE, NDJSON_TYPE]);
  const body = await readJson(request, bodyDeadlineMs).catch((fault: unknown) => ({ fault }));
  if (body && 'fault' in body) return { ...NOTHING, fault: body.fault };
  return body ? ingestJson(log, body.text) : NOTHING;
}

const NOTHING: IngestResult = { accepted: 0, refused: [], refusedCount: 0 };

function answerIngest(response: Response, { accepted, refused, refusedCount, fault }: IngestResult): void {
  const facts = { accepted, refused, refused_count: refusedCount };
  if (fault !== undefined) throw toProblem(fault).with(facts, adviceAfter(accepted));
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

function adviceAfter(accepted: number): string {
  if (accepted === 0) return '';
  return `; ${accepted} events before that were accepted: send all again (copies change nothing), or the others`;
}
