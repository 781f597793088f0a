import type { z } from 'zod';
import { TandemError } from './errors.js';

/**
 * Reads a room's settings: the keys of `schema` out of `environment` (its own by default; other keys are ignored).
 * Throws one `configuration-invalid` that names every bad key with the value found and what is allowed.
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<z.output<Schema>> {
  // An empty variable means the same as none: so a line can be emptied in an env file.
  const given = Object.fromEntries(
    Object.keys(schema.shape)
      .map((key) => [key, environment[key]])
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(given);
  if (result.success) return Object.freeze(result.data);
  const lines = result.error.issues.map(({ path, message }) => {
    const key = String(path[0]);
    return `${key}: found ${JSON.stringify(given[key] ?? null)}; ${message}`;
  });
  throw new TandemError('configuration-invalid', `Settings cannot be used. ${lines.join('. ')}`);
}
