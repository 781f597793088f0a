import { EVENT_TYPES, type EventType, quotedValue } from '@tandem/shared';
import { z } from 'zod';
import { type AmountStyle, THOUSANDS, type Thousands } from './amount-text.js';
import { formatProblem } from './date-format.js';
import { NUMBER_FORMATS } from './date-numbers.js';
import { decoderNameOf, ENCODINGS } from './encodings.js';
import { isTimeZone } from './local-time.js';
import { isKnownLocale } from './month-names.js';

/** Event types that have an amount. */
const ORDER_TYPES = ['order_placed', 'order_refunded'] as const;

/** What a mapping's value was and what is allowed, as every refusal of Tandem has it. */
function allowed(text: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) => `found ${quotedValue(input)}; allowed is ${text}`,
  };
}

const column = z.string(allowed('the name of a column')).min(1, allowed('the name of a column'));
const source = z.union(
  [column, z.strictObject({ column }), z.strictObject({ value: z.string(allowed('a text, the same for every row')) })],
  allowed('the name of a column, {"column": "name"} or {"value": "the same for every row"}'),
);
const eventType = z.enum(EVENT_TYPES as [EventType, ...EventType[]], allowed(`one of ${EVENT_TYPES.join(', ')}`));
const orderType = z.enum(ORDER_TYPES, allowed(`${ORDER_TYPES.join(' or ')}, or null to leave the row out`)).nullable();

const dateFormat = z.string(allowed('a format like "M/D/YYYY H:mm"')).superRefine((format, context) => {
  const problem = NUMBER_FORMATS.includes(format) ? undefined : formatProblem(format);
  if (problem !== undefined) context.addIssue(`${problem}; or one of ${NUMBER_FORMATS.join(', ')}`);
});

const encoding = z
  .string(allowed(`one of ${ENCODINGS.join(', ')}`))
  .refine((name) => decoderNameOf(name) !== undefined, allowed(`one of ${ENCODINGS.join(', ')}`));
const zone = 'a time zone like "Europe/Berlin" or "UTC", or an offset like "+02:00"';
const language = 'a language like "de" or "pt-BR", for names of months';

export const mappingSchema = z.strictObject({
  /** One type for all rows; or by a column's value, where null leaves rows out; or by the sign of the amount. */
  type: z.union(
    [
      eventType,
      z.strictObject({ column, values: z.record(z.string(), eventType.nullable()) }),
      z.strictObject({
        sign: z.strictObject({ positive: orderType, negative: orderType, zero: orderType.optional() }),
      }),
    ],
    allowed(
      `one of ${EVENT_TYPES.join(', ')}, or {"column": "name", "values": {"a cell's text": "one of these, or null to leave the row out"}}, ` +
        'or {"sign": {"positive": "order_placed", "negative": "order_refunded"}}, by the sign of the amount',
    ),
  ),
  occurred_at: z.union(
    [column, z.strictObject({ column, format: dateFormat.optional() })],
    allowed('the name of a column, or {"column": "name", "format": "M/D/YYYY H:mm"}'),
  ),
  /** Without it the id is a hash of what the mapping makes of the row. */
  event_id: source.optional(),
  amount: z
    .union(
      [
        column,
        z.strictObject({ column }),
        z.strictObject({ multiply: z.tuple([column, column], allowed('two columns')) }),
      ],
      allowed('the name of a column, or {"multiply": ["quantity column", "price column"]}'),
    )
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
  /** Rows of which the mapping makes the same: each counts, or all together once. */
  equal_rows: z.enum(['count', 'once'], allowed('"count" (each is an event) or "once" (all are one)')).optional(),
  /** Of times without an offset; UTC without it. */
  timezone: z.string(allowed(zone)).refine(isTimeZone, allowed(zone)).optional(),
  locale: z.string(allowed(language)).refine(isKnownLocale, allowed(language)).optional(),
  decimal: z.enum(['.', ','], allowed('"." or ","')).optional(),
  thousands: z
    .enum(THOUSANDS as [Thousands, ...Thousands[]], allowed('one of "," "." " " "\'", or "" for none'))
    .optional(),
  /** True is the same as a decimal of ",". */
  decimal_comma: z.boolean(allowed('true or false')).optional(),
  delimiter: z.string(allowed('one character')).length(1, allowed('one character')).optional(),
  /** Without it the file's byte order mark says it, or it is UTF-8. */
  encoding: encoding.optional(),
});

/** Which column of a CSV is which field of an event. */
export type CsvMapping = Readonly<z.output<typeof mappingSchema>>;
export type Source = z.output<typeof source>;

/** What a mapping says of the file as a whole; everything else is a field or `type`. */
export const FILE_KEYS = [
  'equal_rows',
  'timezone',
  'locale',
  'decimal',
  'thousands',
  'decimal_comma',
  'delimiter',
  'encoding',
] as const satisfies readonly (keyof CsvMapping)[];

/** The event types that a mapping can give. */
export function typesOf({ type }: CsvMapping): readonly EventType[] {
  if (typeof type === 'string') return [type];
  const mapped = 'sign' in type ? Object.values(type.sign) : Object.values(type.values);
  return [...new Set(mapped)].filter((one) => one !== null && one !== undefined);
}

/** How the file writes its numbers. */
export function amountStyleOf({ decimal, thousands, decimal_comma }: CsvMapping): AmountStyle {
  const byThousands = thousands === '.' ? ',' : '.';
  return {
    decimal: decimal ?? (decimal_comma ? ',' : byThousands),
    thousands,
    isStated: decimal !== undefined || thousands !== undefined || decimal_comma !== undefined,
  };
}
