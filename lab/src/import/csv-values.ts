import type { EventType } from '@tandem/shared';
import { type AmountStyle, parseAmount } from './amount-text.js';
import { amountStyleOf, type CsvMapping, type Source } from './csv-mapping.js';
import { type Decimal, decimalsOf, decimalText, multiplyDecimals, negateDecimal } from './decimal.js';
import type { Row } from './row.js';
import { RowRefusal, refuseCell } from './row-refusal.js';

export type ReadCell = (row: Row) => string;
export type CellOf = (column: string) => ReadCell;

/** The most decimals that an amount may have: money is kept in ten-thousandths. */
const MAX_DECIMALS = 4;
const RETURNS =
  'allowed is an amount from 0 for order_placed: where a minus means a return, give ' +
  '"type": {"sign": {"positive": "order_placed", "negative": "order_refunded"}} in the mapping, or map its kind to order_refunded';

/** Texts as they are, with their spaces. */
export function textReader(from: Source, cellOf: CellOf): ReadCell {
  if (typeof from !== 'string' && 'value' in from) return () => from.value;
  const cell = cellOf(typeof from === 'string' ? from : from.column);
  return (row) => decodedCell(cell(row));
}

/** What the encoding has no character for became U+FFFD, here or in an earlier program: it must not become a value. */
function decodedCell(text: string): string {
  return text.includes('\ufffd')
    ? refuseCell(text, 'text without U+FFFD, which stands for a lost character: is the encoding right?')
    : text;
}

/** An amount as its cells have it, with its sign; and the texts of the cells, for messages. */
export type SignedAmount = {
  readonly decimal: Decimal;
  readonly factors: readonly Decimal[];
  readonly texts: readonly string[];
};

/** Reads the amount, or the product of two columns; undefined where the mapping has none. Remembers currencies seen. */
export function amountReader(
  mapping: CsvMapping,
  cellOf: CellOf,
  currencies: Set<string>,
): ((row: Row) => SignedAmount) | undefined {
  const { amount: from } = mapping;
  if (from === undefined) return undefined;
  const style = amountStyleOf(mapping);
  const columns = typeof from === 'string' ? [from] : 'multiply' in from ? from.multiply : [from.column];
  const cells = columns.map(cellOf);
  return (row) => {
    const texts = cells.map((cell) => cell(row));
    const factors = texts.map((text) => {
      const parsed = parseAmount(text, style);
      if ('allowed' in parsed) return refuseCell(text, parsed.allowed, 'amount');
      if (parsed.currency !== undefined) currencies.add(parsed.currency);
      return parsed.decimal;
    });
    const decimal = factors.reduce(multiplyDecimals);
    if (decimalsOf(decimal) > MAX_DECIMALS) refuseDecimals(texts, decimal);
    return { decimal, factors, texts };
  };
}

function refuseDecimals(texts: readonly string[], decimal: Decimal): never {
  const found = texts.map((text) => JSON.stringify(text)).join(' times ');
  const product = texts.length > 1 ? `, which is ${decimalText(decimal)}` : '';
  throw new RowRefusal(
    `found ${found}${product}; allowed are at most ${MAX_DECIMALS} decimals: nothing is rounded here`,
    'amount',
  );
}

/** −1, 0 or 1. A minus at any factor is one: two of them are a return of pieces at a negative price, and no sale. */
export function signOf({ decimal, factors }: SignedAmount): -1 | 0 | 1 {
  if (factors.some(({ digits }) => digits < 0n)) return -1;
  return decimal.digits === 0n ? 0 : 1;
}

/** The amount without its minus, where that says no more than the type does. */
export function amountText(amount: SignedAmount, type: EventType, isSignDropped: boolean): string {
  const { decimal, texts } = amount;
  if (signOf(amount) === -1 && !isSignDropped && type !== 'order_refunded') {
    throw new RowRefusal(`found ${texts.map((text) => JSON.stringify(text)).join(' times ')}; ${RETURNS}`);
  }
  return decimalText(decimal.digits < 0n ? negateDecimal(decimal) : decimal);
}

/** True where a quantity has a minus; what is no number is refused when it is read as a value. */
export function isNegativeQuantity(text: string, style: AmountStyle): boolean {
  const parsed = parseAmount(text, style);
  return 'decimal' in parsed && parsed.decimal.digits < 0n;
}

/** A whole number, written as amounts are; undefined for an empty cell. */
export function quantityValue(
  text: string,
  type: EventType,
  isSignDropped: boolean,
  style: AmountStyle,
): number | undefined {
  if (text.trim() === '') return undefined;
  const parsed = parseAmount(text, style);
  if ('allowed' in parsed || decimalsOf(parsed.decimal) > 0) return refuseCell(text, 'a whole number, or nothing');
  const { decimal } = parsed;
  if (decimal.digits >= 0n) return Number(decimalText(decimal));
  if (isSignDropped || type === 'order_refunded') return Number(decimalText(negateDecimal(decimal)));
  return refuseCell(text, 'a whole number from 0 for order_placed: a minus is for returns');
}
