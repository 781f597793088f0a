import { isUtf8 } from 'node:buffer';
import type { DeadLetters, ListedLetter } from '@tandem/shared';
import { z } from 'zod';
import { type LedgerSources, readLedger } from '../../ledger.js';
import { type ReadinessSources, reasonsNotReady } from '../../readiness.js';
import { type Gate, within } from './gate.js';
import { HttpProblem } from './problem.js';
import { type Route, sendJson } from './route.js';
import { limitSchema, readLimit } from './run-routes.js';

export type StateRouteOptions = LedgerSources &
  ReadinessSources & { readonly deadLetters: DeadLetters; readonly gate: Gate; readonly queryDeadlineMs: number };

/** Whether all is well: ledger, dead letters, health, readiness. */
export function stateRoutes(options: StateRouteOptions): readonly Route[] {
  return [ledgerRoute(options), deadLettersRoute(options), healthRoute(), readyRoute(options)];
}

function ledgerRoute(options: StateRouteOptions): Route {
  return {
    method: 'GET',
    path: '/ledger',
    summary: 'Per layer and partition: records read = folded + duplicate + invalid + barriers.',
    handle: (_request, response) =>
      options.gate.pass(async () =>
        sendJson(response, 200, await within(options.queryDeadlineMs, 'The ledger', readLedger(options))),
      ),
    describe: {
      answers: { 200: 'The account of both layers; `balanced` when every line is off by 0' },
      problems: [429, 503],
    },
  };
}

function deadLettersRoute({ deadLetters, queryDeadlineMs }: StateRouteOptions): Route {
  return {
    method: 'GET',
    path: '/dead-letters',
    summary: 'Records of the log that are no events, latest first.',
    handle: async (request, response) => {
      const looking = deadLetters.list(readLimit(request).limit);
      const { total, letters } = await within(queryDeadlineMs, 'Looking for dead letters', looking);
      sendJson(response, 200, { total, dead_letters: letters.map(showLetter) });
    },
    describe: {
      query: z.toJSONSchema(limitSchema, { io: 'input' }),
      answers: { 200: 'Position, reason, size and the first 4096 bytes: as base64, and as text where they are UTF-8' },
      problems: [400, 503],
    },
  };
}

function showLetter({ partition, offset, value, size, path, reason }: ListedLetter) {
  const bytes = value && Buffer.from(value);
  return {
    partition,
    offset,
    path,
    reason,
    size,
    base64: bytes?.toString('base64') ?? null,
    text: bytes && isUtf8(bytes) ? bytes.toString('utf8') : null,
  };
}

function healthRoute(): Route {
  return {
    method: 'GET',
    path: '/health',
    summary: 'Alive.',
    handle: (_request, response) => sendJson(response, 200, { status: 'alive' }),
    describe: { answers: { 200: 'The process answers' }, problems: [] },
  };
}

function readyRoute(options: StateRouteOptions): Route {
  return {
    method: 'GET',
    path: '/ready',
    summary: 'Whether every answer is provable now.',
    handle: async (_request, response) => {
      const reasons = await within(options.queryDeadlineMs, 'Looking around', reasonsNotReady(options));
      if (reasons.length > 0) throw notReady(reasons);
      sendJson(response, 200, { status: 'ready' });
    },
    describe: { answers: { 200: 'Every answer is provable' }, problems: [503] },
  };
}

function notReady(reasons: readonly string[]): HttpProblem {
  return new HttpProblem(503, 'not-ready', 'Not every answer is provable yet', reasons.join('; '), {
    facts: { reasons },
    headers: { 'Retry-After': '1' },
  });
}
