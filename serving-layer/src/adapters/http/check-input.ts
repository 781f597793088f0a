import { allowedNames, quoted, quotedValue, repeatedKey, repeatedKeyOf, TandemError } from '@tandem/shared';
import type { z } from 'zod';
import type { JsonBody } from './read-body.js';

/** Validates a small input by its schema. Throws `request-invalid` that names the key, the value found and what is allowed. */
export function checkInput<Schema extends z.ZodObject>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const allowedKeys = Object.keys(schema.shape);
  if (issue?.code === 'unrecognized_keys') {
    const found = issue.keys[0] ?? '';
    throw invalid(`found ${quoted(found)}; ${allowedNames(found, allowedKeys)}`, { allowed: allowedKeys });
  }
  const key = String(issue?.path[0] ?? '');
  if (key === '') throw invalid(`body: found ${quotedValue(input)}; allowed is one JSON object`, { parameter: '' });
  const found = Object.hasOwn(Object(input) as object, key)
    ? (input as Readonly<Record<string, unknown>>)[key]
    : undefined;
  const values = issue?.code === 'invalid_value' ? issue.values.map(String) : undefined;
  throw invalid(`${key}: found ${quotedValue(found)}; ${values ? allowedNames(found, values) : issue?.message}`, {
    parameter: key,
    ...(values ? { allowed: values } : {}),
  });
}

/** The same for a body, in which no key may be there twice. Without a body, every key has its default. */
export function checkBody<Schema extends z.ZodObject>(schema: Schema, body: JsonBody | undefined): z.output<Schema> {
  if (body === undefined) return checkInput(schema, {});
  const checked = checkInput(schema, body.value ?? {});
  const key = repeatedKeyOf(body.text);
  if (key !== undefined) throw invalid(`body: ${repeatedKey(key)}`, { parameter: key });
  return checked;
}

function invalid(message: string, facts: Readonly<Record<string, unknown>>): TandemError {
  return new TandemError('request-invalid', message, { facts });
}
