import { type Metric, unitOf } from '@tandem/shared';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { BasisReader } from '../../answer-query.js';
import type { Comparer } from '../../compare.js';
import { compareQueryParser, metricQueryParser } from '../../query/parse-query.js';
import type { Query } from '../../query/query.js';
import { compareQuerySchema, metricQuerySchema } from '../../query/query-schema.js';
import { statusOf } from '../../render-answer.js';
import { renderComparisonCsv, renderComparisonJson } from '../../render-comparison.js';
import { AnswerMemo, type Reply } from './answer-memo.js';
import { type Gate, within } from './gate.js';
import { CSV_TYPE, hasFormat, JSON_TYPE, negotiate } from './negotiate.js';
import { ParserCache } from './parser-cache.js';
import { type JsonSchema, queryStringOf, type Route, sendJson, sendJsonText } from './route.js';

export type MetricRouteOptions = {
  readonly metrics: readonly Metric[];
  readonly basis: BasisReader;
  readonly comparer: Comparer;
  readonly gate: Gate;
  readonly queryDeadlineMs: number;
};

const JSON_OR_CSV = [JSON_TYPE, CSV_TYPE];
const QUERY_PROBLEMS = [400, 404, 422, 429, 503];

/** GET /metrics, GET /metrics/:metric and GET /compare/:metric. */
export function metricRoutes(options: MetricRouteOptions): readonly Route[] {
  return [answerRoute(options), compareRoute(options), listRoute(options.metrics)];
}

function answerRoute({ metrics, basis, gate, queryDeadlineMs }: MetricRouteOptions): Route {
  const parsers = new ParserCache(metrics, metricQueryParser);
  const memo = new AnswerMemo(basis);
  const answer = async (request: Request, response: Response) => {
    const query = parsers.get(String(request.params['metric']), questionOf(request));
    const reply = await within(queryDeadlineMs, 'The question', memo.reply(query));
    if (query.format === 'csv')
      sendCsv(response, query, query.metric.name, reply.rendered.head, headersOf(reply, statusOf(query).status));
    else sendJsonText(response, 200, `${reply.rendered.head}${JSON.stringify(reply.freshness)}${reply.rendered.tail}`);
  };
  return {
    method: 'GET',
    path: '/metrics/:metric',
    summary: 'What batch, speed and both merged say of one metric.',
    handle: (request, response) => gate.pass(() => answer(request, response)),
    describe: {
      ...describeMetric(metrics, metricQuerySchema),
      answers: {
        200: 'The answer; numbers that are estimates are listed in `approximate` with their error bound, or with null where it has none: copies of an event may count that lie in partitions which different speed workers read. `freshness.speed_lag_events` is null while the log does not say where it ends: the answer is right, and how far it is behind is unknown',
      },
      problems: QUERY_PROBLEMS,
      contentTypes: JSON_OR_CSV,
    },
  };
}

function compareRoute({ metrics, comparer, gate, queryDeadlineMs }: MetricRouteOptions): Route {
  const parsers = new ParserCache(metrics, compareQueryParser);
  const answer = async (request: Request, response: Response) => {
    const query = parsers.get(String(request.params['metric']), questionOf(request));
    const comparison = await within(queryDeadlineMs, 'The comparison', comparer.compare(query));
    if (query.format === 'csv')
      sendCsv(response, query, `compare-${query.metric.name}`, renderComparisonCsv(comparison));
    else sendJsonText(response, 200, renderComparisonJson(comparison));
  };
  return {
    method: 'GET',
    path: '/compare/:metric',
    summary: 'What speed had said of the last closed stretch of log, what batch then found, and why they differ.',
    handle: (request, response) => gate.pass(() => answer(request, response)),
    describe: {
      ...describeMetric(metrics, compareQuerySchema),
      answers: { 200: 'Speed, batch and drift per group and in total, the causes counted, and the live stretch' },
      problems: QUERY_PROBLEMS,
      contentTypes: JSON_OR_CSV,
    },
  };
}

function listRoute(metrics: readonly Metric[]): Route {
  return {
    method: 'GET',
    path: '/metrics',
    summary: 'The metrics that can be asked about.',
    handle: (_request, response) => sendJson(response, 200, { metrics: metrics.map(describe) }),
    describe: {
      answers: { 200: 'Name, description, dimensions, measures and derived values of every metric' },
      problems: [],
    },
  };
}

function describe(metric: Metric) {
  const withUnits = <Part>(parts: Readonly<Record<string, Part>>) =>
    Object.entries(parts).map(([name, part]) => ({ name, unit: unitOf(metric, name), ...part }));
  return {
    name: metric.name,
    description: metric.description,
    dimensions: metric.dimensions,
    measures: withUnits(metric.measures),
    derived: withUnits(metric.derived),
    href: `/metrics/${metric.name}`,
  };
}

/** Every metric has the same parameters but for its dimensions: each is described under its own name. */
function describeMetric(metrics: readonly Metric[], schemaOf: (metric: Metric) => z.ZodType) {
  const schemas = metrics.map((metric) => [metric.name, z.toJSONSchema(schemaOf(metric), { io: 'input' })] as const);
  const perMetric: Readonly<Record<string, JsonSchema>> = Object.fromEntries(schemas);
  return { pathParameters: { metric: { type: 'string', enum: metrics.map(({ name }) => name) } }, perMetric };
}

/** The query string, with what the Accept header asks for in the place of a `format` that is not there. */
function questionOf(request: Request): string {
  const text = queryStringOf(request);
  if (hasFormat(request) || negotiate(request, JSON_OR_CSV) === JSON_TYPE) return text;
  return text === '' ? 'format=csv' : `${text}&format=csv`;
}

function sendCsv(
  response: Response,
  { bom }: Query,
  name: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(bom ? `\ufeff${text}` : text);
  response.writeHead(200, {
    ...headers,
    'Content-Type': 'text/csv; charset=utf-8; header=present',
    'Content-Length': bytes.length,
    'Content-Disposition': `attachment; filename="${name}.csv"`,
  });
  response.end(bytes);
}

/** CSV has no room for what is said about the numbers: it goes into headers. */
function headersOf({ run, approximate, freshness }: Reply, status: string): Readonly<Record<string, string>> {
  return {
    'Tandem-Status': status,
    'Tandem-Run': String(run),
    'Tandem-Approximate': JSON.stringify(approximate),
    'Tandem-Freshness': JSON.stringify(freshness),
  };
}
