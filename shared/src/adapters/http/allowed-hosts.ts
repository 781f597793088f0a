import { z } from 'zod';
import { type Authority, readAuthority } from './authority.js';

const ALLOWED =
  'allowed are names or addresses separated by commas, each with or without a port: shop.example,10.0.0.5:8080';

/** Names under which a server may be called besides its own: behind a proxy, or by a container's name. */
export const allowedHostsSchema = z
  .string()
  .default('')
  .transform((text, context): readonly Authority[] => {
    const entries = listOf(text);
    const authorities = entries.flatMap((entry) => readAuthority(entry) ?? []);
    if (authorities.length < entries.length) context.addIssue({ code: 'custom', message: ALLOWED });
    return authorities;
  })
  .describe('Names, with or without port, under which the service may be called besides its own address');

/** The entries of a setting that is a list, separated by commas. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
