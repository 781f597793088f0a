import { describe, expect, it } from '@jest/globals';
import { checkCsvMapping } from './csv-mapping.js';

const MAPPING = {
  type: 'order_placed',
  occurred_at: { column: 'Date', format: 'M/D/YYYY H:mm' },
  order_id: 'Order ID',
  category: 'Group',
  amount: { multiply: ['Qty', 'Price'] },
  country: { value: 'XX' },
};

describe('a CSV mapping', () => {
  it('is taken when it has all fields that its event type needs', () => {
    expect(checkCsvMapping(MAPPING)).toEqual(MAPPING);
  });

  it.each([
    [
      'an event type that does not exist',
      { type: 'order_paid' },
      /type: allowed is one of order_placed, order_refunded/,
    ],
    ['a key that does not exist', { colour: 'Colour' }, /found colour; allowed are type, occurred_at/],
    ['no column for a field that is needed', { country: undefined }, /country: found nothing; order_placed needs it/],
    ['a field of another event type', { ticket_id: 'T' }, /ticket_id: found a field that order_placed does not have/],
    [
      'a date format without a year',
      { occurred_at: { column: 'D', format: 'D/M' } },
      /found "D\/M"; allowed is a format/,
    ],
    [
      'an amount of three factors',
      { amount: { multiply: ['a', 'b', 'c'] } },
      /amount: allowed is the name of a column, or/,
    ],
    ['a delimiter of two characters', { delimiter: '||' }, /delimiter: allowed is one character/],
    ['an encoding that is not known', { encoding: 'utf7' }, /encoding: found "utf7"; allowed are utf8, .*windows-1252/],
  ])('is refused with %s', (_, change, message) => {
    expect(() => checkCsvMapping({ ...MAPPING, ...change }, 'm.json')).toThrow(message);
  });

  it('is refused with every problem at once, naming the file', () => {
    const change = { delimiter: '', encoding: 'x' };
    expect(() => checkCsvMapping({ ...MAPPING, ...change }, 'm.json')).toThrow(
      /m\.json is not a mapping.*delimiter.*encoding/,
    );
  });

  it('needs what each of its event types needs', () => {
    const type = { column: 'Kind', values: { sale: 'order_placed', note: null, ticket: 'ticket_opened' } };
    expect(() => checkCsvMapping({ ...MAPPING, type })).toThrow(/ticket_id: found nothing; ticket_opened needs it/);
  });
});
