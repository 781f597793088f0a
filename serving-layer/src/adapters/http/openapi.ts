import type { JsonSchema, OperationDescription, Route } from './route.js';

const PROBLEM = { $ref: '#/components/schemas/Problem' };

/** The API's description, made of the same routes that are served and the same schemas that validate. */
export function openApiOf(routes: readonly Route[], isTokenNeeded: boolean): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    for (const [path, operation] of operationsOf(route, isTokenNeeded)) {
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation };
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Tandem', version: '1', description: 'Exact history and fresh counts behind one question.' },
    paths,
    components: {
      schemas: { Problem: problemSchema() },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'API_TOKEN, if the service has one' } },
    },
  };
}

/** "/batch/runs/{id}" of "/batch/runs/:id". */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operationsOf(route: Route, isTokenNeeded: boolean): readonly (readonly [string, JsonSchema])[] {
  const general = [openApiPath(route.path), operationOf(route, route.describe.query, isTokenNeeded)] as const;
  const perMetric = Object.entries(route.describe.perMetric ?? {}).map(([metric, query]) => {
    const own = { ...route, describe: { ...route.describe, pathParameters: {} } };
    return [route.path.replace(':metric', metric), operationOf(own, query, isTokenNeeded)] as const;
  });
  return [general, ...perMetric];
}

function operationOf(
  { summary, method, describe }: Route,
  query: JsonSchema | undefined,
  isTokenNeeded: boolean,
): JsonSchema {
  return {
    summary,
    parameters: [...pathParameters(describe), ...queryParameters(query)],
    ...(describe.body ? { requestBody: { content: contentOf(describe.body) } } : {}),
    responses: { ...answersOf(describe), ...problemsOf(describe, method) },
    ...(method === 'POST' ? { security: isTokenNeeded ? [{ token: [] }] : [{}, { token: [] }] } : {}),
  };
}

function pathParameters({ pathParameters = {} }: OperationDescription): readonly JsonSchema[] {
  return Object.entries(pathParameters).map(([name, schema]) => ({ name, in: 'path', required: true, schema }));
}

function queryParameters(query: JsonSchema | undefined): readonly JsonSchema[] {
  const properties = (query?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: false,
    schema,
    ...(schema['type'] === 'array' ? { style: 'form', explode: name !== 'group_by' } : {}),
  }));
}

function answersOf({ answers, contentTypes = ['application/json'] }: OperationDescription): JsonSchema {
  const content = Object.fromEntries(contentTypes.map((type) => [type, {}]));
  return Object.fromEntries(Object.entries(answers).map(([status, description]) => [status, { description, content }]));
}

/** What every route may answer before it is asked: a wrong name, a form it does not give, a page that may not write. */
const COMMON_PROBLEMS = [400, 406, 421, 500];
const DESCRIPTIONS: Readonly<Record<number, string>> = {
  403: 'A web page of another origin wants to write',
  406: 'The Accept header excludes every form of the answer',
  421: 'The Host is neither an own name of the service nor in ALLOWED_HOSTS',
};

function problemsOf({ problems }: OperationDescription, method: Route['method']): JsonSchema {
  const content = { 'application/problem+json': { schema: PROBLEM } };
  const all = [...problems, ...COMMON_PROBLEMS, ...(method === 'POST' ? [403, 415] : [])];
  return Object.fromEntries(all.map((status) => [status, { description: DESCRIPTIONS[status] ?? 'Problem', content }]));
}

function contentOf(body: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return Object.fromEntries(Object.entries(body).map(([type, schema]) => [type, { schema }]));
}

function problemSchema(): JsonSchema {
  return {
    type: 'object',
    required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string', description: 'What was found, what is allowed, what to do' },
      allowed: { description: 'What would have been allowed' },
    },
  };
}
