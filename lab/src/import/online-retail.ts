import type { EventInput } from '@tandem/shared';
import { type ColumnIndexes, findColumns } from './columns.js';
import { anyOf, type DateReader, dateReader } from './date-format.js';
import { type Decimal, decimalText, multiplyDecimals, negateDecimal, parseDecimal } from './decimal.js';
import { eventIdOf } from './event-id.js';
import { type Importer, type Mapped, refuseCellCount, rowByRow } from './importer.js';
import type { Row } from './row.js';

/** The columns of the UCI set "Online Retail" (doi:10.24432/C5BW33), as published. */
const COLUMNS = {
  invoice: ['InvoiceNo'],
  stockCode: ['StockCode'],
  description: ['Description'],
  quantity: ['Quantity'],
  date: ['InvoiceDate'],
  unitPrice: ['UnitPrice'],
  customer: ['CustomerID'],
  country: ['Country'],
} as const;

/** The two forms in which copies of the set write their dates; both are read as UTC. */
const DATE_FORMS = ['YYYY-MM-DD HH:mm:ss', 'M/D/YYYY H:mm'];
const readDate: DateReader = anyOf(...DATE_FORMS.map((form) => dateReader(form)));

export const UNCATEGORISED = 'uncategorised';

/** The category of a stock code; codes are looked up in capitals, as the set writes some both ways. */
export type Categories = ReadonlyMap<string, string>;

/** Rows of the set as order events: one for each sale and each refund. Identical rows are one event. */
export function onlineRetailImporter(categories: Categories): Importer {
  return {
    tableOptions: {},
    mapperFor: (header) => {
      const columns = findColumns(header, COLUMNS);
      return rowByRow((row) => refuseCellCount(row, header) ?? mapRow(row, columns, categories));
    },
  };
}

type Columns = ColumnIndexes<keyof typeof COLUMNS>;
type Kind = { readonly type: 'order_placed' | 'order_refunded' } | { readonly leftOut: string };

function mapRow(row: Row, columns: Columns, categories: Categories): Mapped {
  const cell = (name: keyof Columns) => row.cells[columns[name]] ?? '';
  const quantity = parseDecimal(cell('quantity'));
  const unitPrice = parseDecimal(cell('unitPrice'));
  const occurredAt = readDate(cell('date'));
  if (quantity?.scale !== 0) return refused(row, 'Quantity', cell('quantity'), 'a whole number');
  if (unitPrice === undefined) return refused(row, 'UnitPrice', cell('unitPrice'), 'a decimal number like 2.55');
  if (occurredAt === undefined) return refused(row, 'InvoiceDate', cell('date'), DATE_FORMS.join(' or '));

  const kind = kindOf(cell('invoice'), quantity, unitPrice);
  if ('leftOut' in kind) return { row, leftOut: kind.leftOut };
  const amount = multiplyDecimals(quantity, unitPrice);
  const customerId = withoutPointZero(cell('customer'));
  const event: EventInput = {
    type: kind.type,
    event_id: eventIdOf(rowTexts(cell, occurredAt, customerId)),
    occurred_at: occurredAt,
    order_id: cell('invoice'),
    customer_id: customerId === '' ? null : customerId,
    category: categories.get(cell('stockCode').toUpperCase()) ?? UNCATEGORISED,
    amount: decimalText(kind.type === 'order_refunded' ? negateDecimal(amount) : amount),
    country: cell('country'),
    sku: cell('stockCode'),
    quantity: Math.abs(Number(quantity.digits)),
  };
  return { row, event };
}

/** Which rows count is the set's own custom: invoices from C cancel, those from A adjust bad debt. */
function kindOf(invoice: string, quantity: Decimal, unitPrice: Decimal): Kind {
  if (invoice.startsWith('A')) return { leftOut: 'bad debt adjustment (invoice A…)' };
  if (invoice.startsWith('C')) return { type: 'order_refunded' };
  if (quantity.digits <= 0n) return { leftOut: 'stock adjustment (no quantity sold, and no cancellation)' };
  if (unitPrice.digits === 0n) return { leftOut: 'zero price' };
  return { type: 'order_placed' };
}

/** All eight columns: date and customer in one form, so that both published forms of a row give the same id. */
function rowTexts(cell: (name: keyof Columns) => string, occurredAt: string, customerId: string): readonly string[] {
  return [
    cell('invoice'),
    cell('stockCode'),
    cell('description'),
    cell('quantity'),
    occurredAt,
    cell('unitPrice'),
    customerId,
    cell('country'),
  ];
}

/** Copies of the set that went through a spreadsheet library write customer 17850 as 17850.0. */
function withoutPointZero(customer: string): string {
  return customer.endsWith('.0') ? customer.slice(0, -2) : customer;
}

function refused(row: Row, path: string, found: string, allowed: string): Mapped {
  return { row, refusal: { path, reason: `found ${JSON.stringify(found)}; allowed is ${allowed}` } };
}
