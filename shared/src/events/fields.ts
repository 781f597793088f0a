import { z } from 'zod';
import { instantSchema } from './instant.js';
import { moneySchema } from './money.js';

/** How a field is stored: in Parquet as VARCHAR, BIGINT (epoch milliseconds), BIGINT (ten-thousandths), BIGINT. */
export type ColumnKind = 'text' | 'instant' | 'money' | 'integer';

export type Field<Schema extends z.ZodType = z.ZodType> = { readonly column: ColumnKind; readonly schema: Schema };

/** Printable: no control, format, surrogate, unassigned or line-separating characters. */
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;
const PRINTABLE_ASCII = /^[\x20-\x7e]+$/;

const printableText = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .refine((text) => PRINTABLE_ASCII.test(text) || PRINTABLE.test(text), {
      error: (issue) => `found ${JSON.stringify(issue.input)}; allowed are 1 to ${maxLength} printable characters`,
    });

const text = (maxLength: number) => ({ column: 'text' as const, schema: printableText(maxLength) });

/** Every field an event may have, by name: one name means one thing and one column, whatever the event type. */
export const fields = {
  event_id: text(64),
  occurred_at: { column: 'instant', schema: instantSchema },
  order_id: text(64),
  customer_id: { column: 'text', schema: printableText(64).nullable() },
  category: text(64),
  amount: { column: 'money', schema: moneySchema },
  country: text(64),
  sku: { column: 'text', schema: printableText(64).optional() },
  quantity: { column: 'integer', schema: z.number().int().min(0).max(1_000_000_000).optional() },
  ticket_id: text(64),
  priority: text(64),
  previous_priority: text(64),
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;
