import { listOf } from '@tandem/shared/adapters/http/allowed-hosts';
import { z } from 'zod';

const ALLOWED =
  'allowed are origins separated by commas, each http or https with a name and maybe a port, and nothing else: https://app.example,http://localhost:3000; neither * nor null';

/** Origins whose web pages may read from the service. */
export const allowedOriginsSchema = z
  .string()
  .default('')
  .transform((text, context): readonly string[] => {
    const entries = listOf(text);
    const origins = entries.flatMap((entry) => originOf(entry) ?? []);
    if (origins.length < entries.length) context.addIssue({ code: 'custom', message: ALLOWED });
    return origins;
  })
  .describe('Origins whose web pages may read, with or without a token; none of them may write');

/** An origin as browsers write it. */
function originOf(entry: string): string | undefined {
  if (!/^https?:\/\/[^/?#@*\\]+\/?$/i.test(entry) || !URL.canParse(entry)) return undefined;
  return new URL(entry).origin;
}
