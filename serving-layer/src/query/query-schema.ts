import { type FieldName, fields, type Metric, parseInstant } from '@tandem/shared';
import { z } from 'zod';
import { FORMATS, GRANULARITIES, LAYERS } from './query.js';

/** Most values that one dimension may be filtered by. */
export const MAX_FILTER_VALUES = 100;

const DATE_ONLY = /^\d{4}-\d\d-\d\d$/;
/** In a query string an unescaped + means a space. */
const SPACE_BEFORE_ZONE = / (?=\d\d:\d\d$)/;

const instantText = z
  .string()
  .refine((text) => readInstant(text) !== undefined, {
    error:
      'allowed is an existing date or instant as ISO 8601, like 2026-01-31 or 2026-01-31T08:00:00Z, from 1970 to 2099',
  })
  .describe('ISO 8601; a date alone means its midnight, UTC. At a full hour; with granularity=day at a full day.');

/** Milliseconds since 1970 of `from` or `to`; a date alone is its midnight. Undefined when there is no such time. */
export function readInstant(text: string): number | undefined {
  return parseInstant(DATE_ONLY.test(text) ? `${text}T00:00:00Z` : text.replace(SPACE_BEFORE_ZONE, '+'));
}

/** Filters and grouping, which every question about a metric may have. Repeated parameters come as arrays. */
export function filterShape(metric: Metric) {
  const dimensions = metric.dimensions.map((name) => [name, filterSchema(name)] as const);
  return {
    ...(Object.fromEntries(dimensions) as Record<FieldName, ReturnType<typeof filterSchema>>),
    group_by: z
      .array(z.enum(metric.dimensions))
      .optional()
      .describe('Dimensions to group by: comma separated, or repeated.'),
    format: z
      .enum(FORMATS)
      .default('json')
      .describe('Counts for more than the Accept header, which may ask for text/csv too.'),
    bom: z
      .enum(['0', '1'])
      .default('0')
      .describe('1: CSV begins with a byte order mark, by which spreadsheets know that it is UTF-8.'),
  };
}

const SHORT_TEXT = { error: 'allowed are 1 to 64 characters' };

function filterSchema(dimension: FieldName) {
  const { column, schema } = fields[dimension];
  const value =
    column === 'text' ? (schema as z.ZodType<string, string>) : z.string().min(1, SHORT_TEXT).max(64, SHORT_TEXT);
  return z
    .array(value)
    .max(MAX_FILTER_VALUES, { error: `allowed are at most ${MAX_FILTER_VALUES} values` })
    .optional()
    .describe(`Only where ${dimension} is this; repeated: one of these.`);
}

/** The parameters of GET /metrics/<metric>, derived from its definition. */
export function metricQuerySchema(metric: Metric) {
  return z.strictObject({
    ...filterShape(metric),
    layer: z.enum(LAYERS).optional().describe("One layer's answer; all three without it."),
    from: instantText
      .optional()
      .describe('Event time, inclusive. ISO 8601 at a full hour; a date means its midnight, UTC.'),
    to: instantText
      .optional()
      .describe('Event time, exclusive. ISO 8601 at a full hour; a date means its midnight, UTC.'),
    granularity: z.enum(GRANULARITIES).optional().describe('One group per hour or day of event time.'),
    explain: z.enum(['0', '1']).default('0').describe('1: also say how the answer was computed.'),
  });
}

/** The parameters of GET /compare/<metric>, derived from its definition. */
export function compareQuerySchema(metric: Metric) {
  return z.strictObject(filterShape(metric));
}
