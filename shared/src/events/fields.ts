import { z } from 'zod';
import { instantSchema } from './instant.js';
import { moneySchema } from './money.js';

/** How a field is stored: in Parquet as VARCHAR, BIGINT (epoch milliseconds), BIGINT (ten-thousandths), BIGINT. */
export type ColumnKind = 'text' | 'instant' | 'money' | 'integer';

export type Field<Schema extends z.ZodType = z.ZodType> = { readonly column: ColumnKind; readonly schema: Schema };

const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;
/** Scripts whose letters U+200C and U+200D shape: there they are part of how a word is written. */
const JOINED_SCRIPTS =
  'Arab Syrc Mand Mong Nkoo Phag Deva Beng Guru Gujr Orya Taml Telu Knda Mlym Sinh Khmr Mymr Tibt Bali Java'.split(' ');
const JOINED = JOINED_SCRIPTS.map((script) => `\\p{sc=${script}}`).join('');
/**
 * No control, format, surrogate, unassigned, private or line-separating characters: they cannot be seen, or change how
 * the text around them is seen, so that two texts would look like one. Joiners count where Unicode gives them a meaning:
 * in an emoji of several, and between letters of the scripts that need them.
 */
const PRINTABLE_PATTERN = `^(?:[^\\p{C}\\p{Zl}\\p{Zp}]|(?<=[\\p{ExtPict}\\p{EMod}\\ufe0f])\\u200d(?=\\p{ExtPict})|(?<=[${JOINED}\\p{M}])[\\u200c\\u200d](?=[${JOINED}]))+$`;
const PRINTABLE = new RegExp(PRINTABLE_PATTERN, 'u');
/** The same for text without joiners, which nearly all is, in less time. */
const PLAIN = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

/** Text of 1 to `maxLength` characters, counted as JSON Schema and SQL count them: one for each code point. */
const printableText = (maxLength: number, besides = '') => {
  const params = { error: `allowed are 1 to ${maxLength} printable characters${besides}` };
  return z
    .string(params)
    .refine((text) => isPrintable(text, maxLength), params)
    .meta({ minLength: 1, maxLength, pattern: PRINTABLE_PATTERN });
};

function isPrintable(text: string, maxLength: number): boolean {
  if (text.length > maxLength && !hasAtMost(text, maxLength)) return false;
  return PRINTABLE_ASCII.test(text) || PLAIN.test(text) || PRINTABLE.test(text);
}

/** No code point takes more than two units: what is longer need not be counted. */
function hasAtMost(text: string, maxLength: number): boolean {
  return text.length <= 2 * maxLength && [...text].length <= maxLength;
}

const text = (maxLength: number) => ({ column: 'text' as const, schema: printableText(maxLength) });

/** Most pieces that one event may be about (inclusive). */
const MAX_QUANTITY = 1_000_000_000;
const QUANTITY = { error: `allowed is a whole number from 0 to ${MAX_QUANTITY}` };

/** Every field an event may have, by name: one name means one thing and one column, whatever the event type. */
export const fields = {
  event_id: text(64),
  occurred_at: { column: 'instant', schema: instantSchema },
  order_id: text(64),
  customer_id: { column: 'text', schema: printableText(64, ', or null').nullable() },
  category: text(64),
  amount: { column: 'money', schema: moneySchema },
  country: text(64),
  sku: { column: 'text', schema: printableText(64).optional() },
  quantity: {
    column: 'integer',
    schema: z.number(QUANTITY).int(QUANTITY).min(0, QUANTITY).max(MAX_QUANTITY, QUANTITY).optional(),
  },
  ticket_id: text(64),
  priority: text(64),
  previous_priority: text(64),
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;
