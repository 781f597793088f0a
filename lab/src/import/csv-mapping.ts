import { readFile } from 'node:fs/promises';
import {
  EVENT_TYPES,
  type EventType,
  eventSchemas,
  type FieldName,
  fieldNamesOf,
  messageOf,
  TandemError,
} from '@tandem/shared';
import { z } from 'zod';
import { DATE_TOKENS, tokensOf } from './date-format.js';
import { decoderNameOf, ENCODINGS } from './encodings.js';

const column = z.string({ error: 'allowed is the name of a column' }).min(1);
const SOURCE = 'allowed is the name of a column, {"column": "name"} or {"value": "the same for every row"}';
const source = z.union([column, z.strictObject({ column }), z.strictObject({ value: z.string() })], { error: SOURCE });
const eventType = z.enum(EVENT_TYPES as [EventType, ...EventType[]], {
  error: `allowed are ${EVENT_TYPES.join(', ')}`,
});

const dateFormat = z.string().refine((format) => ['YYYY', 'M', 'D'].every((part) => hasPart(format, part)), {
  error: (issue) =>
    `found ${JSON.stringify(issue.input)}; allowed is a format with year, month and day, like "M/D/YYYY H:mm", of ${DATE_TOKENS.join(' ')}`,
});

const mappingSchema = z.strictObject({
  /** One type for all rows, or by a column's value; a value that maps to null leaves its rows out. */
  type: z.union([eventType, z.strictObject({ column, values: z.record(z.string(), eventType.nullable()) })], {
    error: `allowed is one of ${EVENT_TYPES.join(', ')}, or {"column": "name", "values": {"a cell's text": "one of these, or null to leave the row out"}}`,
  }),
  occurred_at: z.union([column, z.strictObject({ column, format: dateFormat.optional() })], {
    error: 'allowed is the name of a column, or {"column": "name", "format": "M/D/YYYY H:mm"}',
  }),
  /** Without it the id is a hash of the whole row: identical rows are one event. */
  event_id: source.optional(),
  amount: z
    .union([column, z.strictObject({ column }), z.strictObject({ multiply: z.tuple([column, column]) })], {
      error: 'allowed is the name of a column, or {"multiply": ["quantity column", "price column"]}',
    })
    .optional(),
  order_id: source.optional(),
  customer_id: source.optional(),
  category: source.optional(),
  country: source.optional(),
  sku: source.optional(),
  quantity: source.optional(),
  ticket_id: source.optional(),
  priority: source.optional(),
  previous_priority: source.optional(),
  delimiter: z.string().length(1, 'allowed is one character').optional(),
  /** True for "1.234,50". */
  decimal_comma: z.boolean({ error: 'allowed is true or false' }).optional(),
  /** Without it the file's byte order mark says it, or it is UTF-8. */
  encoding: z
    .string({ error: `allowed are ${ENCODINGS.join(', ')}` })
    .refine((name) => decoderNameOf(name) !== undefined, {
      error: (issue) => `found ${JSON.stringify(issue.input)}; allowed are ${ENCODINGS.join(', ')}`,
    })
    .optional(),
});

/** Which column of a CSV is which field of an event. */
export type CsvMapping = Readonly<z.output<typeof mappingSchema>>;
export type Source = z.output<typeof source>;

/** Reads a mapping from a JSON file. Throws `configuration-invalid` naming each key that cannot be used. */
export async function readCsvMapping(path: string): Promise<CsvMapping> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    fail(path, [`cannot be read as JSON: ${messageOf(error)}`]);
  }
  return checkCsvMapping(value, path);
}

/** Checks a mapping, and that it has every field that its event types need. */
export function checkCsvMapping(value: unknown, path = 'mapping'): CsvMapping {
  const result = mappingSchema.safeParse(value);
  if (!result.success) fail(path, result.error.issues.map(describe));
  const problems = [...missingFields(result.data), ...foreignFields(result.data)];
  if (problems.length > 0) fail(path, problems);
  return result.data;
}

/** The event types that a mapping can give. */
export function typesOf({ type }: CsvMapping): readonly EventType[] {
  if (typeof type === 'string') return [type];
  return [...new Set(Object.values(type.values))].filter((mapped) => mapped !== null);
}

function missingFields(mapping: CsvMapping): readonly string[] {
  return typesOf(mapping).flatMap((type) =>
    fieldNamesOf(type)
      .filter((name) => isRequired(type, name) && mapping[name] === undefined)
      .map((name) => `${name}: found nothing; ${type} needs it: name its column, or give {"value": …}`),
  );
}

function foreignFields(mapping: CsvMapping): readonly string[] {
  const types = typesOf(mapping);
  const allowed = new Set<string>(['type', 'delimiter', 'decimal_comma', 'encoding', ...types.flatMap(fieldNamesOf)]);
  return Object.keys(mapping)
    .filter((key) => !allowed.has(key))
    .map(
      (key) =>
        `${key}: found a field that ${types.join(' and ')} does not have; allowed are ${[...allowed].join(', ')}`,
    );
}

/** The id has a default, a customer may be unknown; the schema says which others may be left out. */
function isRequired(type: EventType, name: FieldName): boolean {
  if (name === 'event_id' || name === 'customer_id') return false;
  const shape: Readonly<Partial<Record<FieldName, z.ZodType>>> = eventSchemas[type].shape;
  return !shape[name]?.safeParse(undefined).success;
}

function hasPart(format: string, part: string): boolean {
  return tokensOf(format).some((token) => token.startsWith(part));
}

function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') {
    return `found ${issue.keys.join(', ')}; allowed are ${Object.keys(mappingSchema.shape).join(', ')}`;
  }
  return `${issue.path.join('.')}: ${issue.message}`;
}

function fail(path: string, problems: readonly string[]): never {
  throw new TandemError('configuration-invalid', `${path} is not a mapping that can be used. ${problems.join('. ')}`);
}
