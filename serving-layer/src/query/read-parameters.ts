import { allowedNames, quoted, quotedValue, shown, TandemError } from '@tandem/shared';
import type { z } from 'zod';

/** Values by name, in the order in which names come first. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/**
 * The parameters of a query string (without its "?"): names and values are UTF-8, percent-encoded or as they are, and "+"
 * is a space. Throws `request-invalid` for what is neither, rather than asking for something else than was meant.
 */
export function readParameters(queryString: string): Parameters {
  const parameters = new Map<string, string[]>();
  for (const piece of queryString.split('&').filter((piece) => piece !== '')) {
    const mark = piece.indexOf('=');
    const name = decode(mark === -1 ? piece : piece.slice(0, mark));
    const value = mark === -1 ? '' : decode(piece.slice(mark + 1));
    const values = parameters.get(name);
    if (values) values.push(value);
    else parameters.set(name, [value]);
  }
  return parameters;
}

/** Node gives the bytes of an address as characters of Latin-1. */
function decode(piece: string): string {
  const escaped = piece.replaceAll('+', ' ').replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  try {
    return decodeURIComponent(escaped);
  } catch {
    throw new TandemError(
      'request-invalid',
      `found ${shown(escaped)} in the query; allowed is UTF-8, percent-encoded, and a percent sign as %25`,
    );
  }
}

/** One value as text; several as an array. */
export type Collected = Readonly<Record<string, string | readonly string[]>>;

/** Checks the parameters by a strict schema. Throws `request-invalid` naming the parameter, the value and what is allowed. */
export function checkParameters<Schema extends z.ZodObject>(schema: Schema, collected: Collected): z.output<Schema> {
  const result = schema.safeParse(collected);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw unknownParameter(issue.keys[0] ?? '', Object.keys(schema.shape));
  throw invalidValue(issue, collected);
}

function unknownParameter(found: string, allowed: readonly string[]): TandemError {
  return new TandemError('request-invalid', `found the parameter ${quoted(found)}; ${allowedNames(found, allowed)}`, {
    facts: { parameter: found.slice(0, MAX_NAME), allowed },
  });
}

function invalidValue(issue: z.core.$ZodIssue | undefined, collected: Collected): TandemError {
  const [name, index] = issue?.path ?? [];
  const parameter = String(name ?? '');
  const given = collected[parameter];
  const isOneOf = Array.isArray(given) && typeof index === 'number';
  const found = isOneOf ? given[index] : given;
  const allowed = issue?.code === 'invalid_value' ? issue.values.map(String) : undefined;
  const reason = Array.isArray(found) && issue?.code !== 'too_big' ? 'allowed is one value' : undefined;
  const detail = reason ?? (allowed ? allowedNames(found, allowed) : issue?.message);
  return new TandemError('request-invalid', `${parameter}: found ${foundText(found)}; ${detail}`, {
    facts: { parameter, ...(allowed ? { allowed } : {}) },
  });
}

function foundText(found: unknown): string {
  return Array.isArray(found) && found.length > MAX_LISTED ? `${found.length} values` : quotedValue(found);
}

/** Longest name of a parameter that an answer repeats, in characters. */
const MAX_NAME = 200;
const MAX_LISTED = 20;
