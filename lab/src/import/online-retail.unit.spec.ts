import { describe, expect, it } from '@jest/globals';
import { onlineRetailImporter } from './online-retail.js';

const HEADER = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
];
const SALE = ['536365', '85123a', 'HEART', '6', '2010-12-01 08:26:00', '2.55', '17850.0', 'United Kingdom'];

const mapper = onlineRetailImporter(new Map([['85123A', 'decor']])).mapperFor(HEADER);

function mapped(changes: Partial<Record<number, string>> = {}) {
  const cells = SALE.map((cell, index) => changes[index] ?? cell);
  const [one] = mapper.map({ number: 2, cells });
  if (one === undefined) throw new Error('nothing was mapped');
  return one;
}

const eventOf = (changes?: Partial<Record<number, string>>) => {
  const one = mapped(changes);
  return 'event' in one ? one.event : one;
};

describe('a row of Online Retail', () => {
  it('becomes an order line', () => {
    expect(eventOf()).toEqual({
      type: 'order_placed',
      event_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      occurred_at: '2010-12-01T08:26:00Z',
      order_id: '536365',
      customer_id: '17850',
      category: 'decor',
      amount: '15.3',
      country: 'United Kingdom',
      sku: '85123a',
      quantity: 6,
    });
  });

  it('becomes a refund of a positive amount when its invoice begins with C', () => {
    expect(eventOf({ 0: 'C536379', 3: '-2' })).toMatchObject({ type: 'order_refunded', amount: '5.1', quantity: 2 });
  });

  it.each([
    ['a bad debt adjustment', { 0: 'A563185' }, 'bad debt'],
    ['a stock adjustment', { 3: '-10', 5: '0.0' }, 'stock adjustment'],
    ['a sale at no price', { 5: '0.0' }, 'zero price'],
  ])('is left out when it is %s', (_, changes, reason) => {
    expect(mapped(changes)).toMatchObject({ leftOut: expect.stringContaining(reason) });
  });

  it('has no customer when the cell is empty, and is uncategorised when its stock code is unknown', () => {
    expect(eventOf({ 6: '', 1: 'X1' })).toMatchObject({ customer_id: null, category: 'uncategorised' });
  });

  it('is refused, naming what was found, when a number or the date cannot be read', () => {
    expect(mapped({ 3: '1.5' })).toMatchObject({
      refusal: { path: 'Quantity', reason: 'found "1.5"; allowed is a whole number' },
    });
    expect(mapped({ 5: 'free' })).toMatchObject({ refusal: { path: 'UnitPrice' } });
    expect(mapped({ 4: '2010/12/01' })).toMatchObject({ refusal: { path: 'InvoiceDate' } });
  });

  it('is refused when it has not as many cells as the header', () => {
    const [one] = mapper.map({ number: 2, cells: SALE.slice(1) });
    expect(one).toMatchObject({ refusal: { reason: expect.stringContaining('found 7 cells') } });
  });

  it('has the same id in both published forms of dates and customers', () => {
    expect(eventOf({ 4: '12/1/2010 8:26', 6: '17850' })).toEqual(eventOf());
  });

  it.each(HEADER.map((name, index) => [name, index] as const))('has another id when %s differs', (_, index) => {
    const other = ['536366', '85123B', 'HEART ', '7', '2010-12-01 08:27:00', '2.56', '17851.0', 'France'][index] ?? '';
    expect(eventOf({ [index]: other })).not.toMatchObject({ event_id: (eventOf() as { event_id: string }).event_id });
  });
});
