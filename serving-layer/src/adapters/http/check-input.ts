import { TandemError } from '@tandem/shared';
import type { z } from 'zod';

const MAX_QUOTED = 200;

/** Validates a small input by its schema. Throws `request-invalid` that names the key, the value found and what is allowed. */
export function checkInput<Schema extends z.ZodObject>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const allowedKeys = Object.keys(schema.shape);
  if (issue?.code === 'unrecognized_keys') {
    const found = JSON.stringify(issue.keys[0]).slice(0, MAX_QUOTED);
    throw invalid(`found ${found}; allowed are ${allowedKeys.join(', ')}`, { allowed: allowedKeys });
  }
  const key = String(issue?.path[0] ?? '');
  const given = Object(input) as Readonly<Record<string, unknown>>;
  const found = JSON.stringify(Object.hasOwn(given, key) ? given[key] : input);
  const allowed = issue?.code === 'invalid_value' ? { allowed: issue.values } : {};
  throw invalid(`${key || 'body'}: found ${found?.slice(0, MAX_QUOTED)}; ${issue?.message}`, {
    parameter: key,
    ...allowed,
  });
}

function invalid(message: string, facts: Readonly<Record<string, unknown>>): TandemError {
  return new TandemError('request-invalid', message, { facts });
}
