import { readFile } from 'node:fs/promises';
import {
  type EventType,
  eventSchemas,
  type FieldName,
  fieldNamesOf,
  messageOf,
  quotedValue,
  readJsonText,
  repeatedKey,
  repeatedKeyOf,
  TandemError,
} from '@tandem/shared';
import type { z } from 'zod';
import { amountStyleOf, type CsvMapping, FILE_KEYS, mappingSchema, typesOf } from './csv-mapping.js';

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read by this user',
};

/** Reads a mapping from a JSON file. Throws `configuration-invalid` naming each key that cannot be used. */
export async function readCsvMapping(path: string): Promise<CsvMapping> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const reason = UNREADABLE[(error as { code?: string }).code ?? ''] ?? messageOf(error);
    return fail(path, [`found that ${reason}; allowed is a file with one JSON object`]);
  });
  const json = readJsonText(bytes);
  if ('fault' in json) fail(path, [json.fault]);
  const mapping = checkCsvMapping(json.value, path);
  const key = repeatedKeyOf(json.text);
  if (key !== undefined) fail(path, [repeatedKey(key)]);
  return mapping;
}

/** Checks a mapping, and that it has every field that its event types need. */
export function checkCsvMapping(value: unknown, path = 'mapping'): CsvMapping {
  const result = mappingSchema.safeParse(value);
  if (!result.success)
    fail(
      path,
      result.error.issues.flatMap((issue) => describe(issue)),
    );
  const mapping = result.data;
  const problems = [
    ...noTypes(mapping),
    ...missingFields(mapping),
    ...foreignFields(mapping),
    ...contradictions(mapping),
  ];
  if (problems.length > 0) fail(path, problems);
  return mapping;
}

function noTypes(mapping: CsvMapping): readonly string[] {
  if (typesOf(mapping).length > 0) return [];
  return [
    `type: found ${quotedValue(mapping.type)}, which leaves every row out; allowed is an event type for some rows`,
  ];
}

function missingFields(mapping: CsvMapping): readonly string[] {
  const missing = typesOf(mapping).flatMap((type) =>
    fieldNamesOf(type)
      .filter((name) => isRequired(type, name) && mapping[name] === undefined)
      .map((name) => `${name}: found nothing; ${type} needs it: name its column, or give {"value": …}`),
  );
  return missing;
}

function foreignFields(mapping: CsvMapping): readonly string[] {
  const types = typesOf(mapping);
  const allowed = new Set<string>(['type', ...types.flatMap(fieldNamesOf), ...FILE_KEYS]);
  return Object.keys(mapping)
    .filter((key) => !allowed.has(key))
    .map(
      (key) =>
        `${key}: found a field that ${types.join(' and ')} does not have; allowed are ${[...allowed].join(', ')}`,
    );
}

/** What can be written alone, and not beside each other. */
function contradictions(mapping: CsvMapping): readonly string[] {
  const { decimal, decimal_comma, thousands, event_id, equal_rows } = mapping;
  const problems: string[] = [];
  if (decimal !== undefined && decimal_comma !== undefined && (decimal === ',') !== decimal_comma) {
    problems.push(
      `decimal: found ${quotedValue(decimal)} beside "decimal_comma": ${decimal_comma}; allowed is one of the two`,
    );
  }
  if (thousands !== undefined && thousands === amountStyleOf(mapping).decimal) {
    problems.push(`thousands: found ${quotedValue(thousands)}, which is the decimal sign; allowed is another sign`);
  }
  if (event_id !== undefined && equal_rows !== undefined) {
    problems.push(
      `equal_rows: found ${quotedValue(equal_rows)} beside event_id, which says what is equal; allowed is one of the two`,
    );
  }
  return problems;
}

/** The id has a default, a customer may be unknown; the schema says which others may be left out. */
function isRequired(type: EventType, name: FieldName): boolean {
  if (name === 'event_id' || name === 'customer_id') return false;
  const shape: Readonly<Partial<Record<FieldName, z.ZodType>>> = eventSchemas[type].shape;
  return !shape[name]?.safeParse(undefined).success;
}

/** What is wrong with a value: of several forms that it may have, in the one that it is meant to have. */
function describe(issue: z.core.$ZodIssue, before: readonly PropertyKey[] = []): readonly string[] {
  const path = [...before, ...issue.path];
  const place = path.length > 0 ? `${path.map(String).join('.')}: ` : '';
  if (issue.code === 'invalid_union') {
    const [meant, ...others] = issue.errors.filter((issues) => issues.every((inner) => inner.path.length > 0));
    if (meant && others.length === 0) return meant.flatMap((inner) => describe(inner, path));
  }
  if (issue.code === 'unrecognized_keys') {
    const allowed =
      path.length === 0 ? Object.keys(mappingSchema.shape).join(', ') : 'what the other keys are there for';
    return [`${place}found ${issue.keys.join(', ')}; allowed are ${allowed}`];
  }
  if (issue.code === 'invalid_type' && path.length === 0) {
    return ['found no JSON object; allowed is {"type": …, "occurred_at": …} and so on'];
  }
  return [`${place}${issue.message}`];
}

function fail(path: string, problems: readonly string[]): never {
  throw new TandemError('configuration-invalid', `${path} is not a mapping that can be used. ${problems.join('. ')}`);
}
