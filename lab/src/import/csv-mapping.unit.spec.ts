import { describe, expect, it } from '@jest/globals';
import { checkCsvMapping } from './check-csv-mapping.js';

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
      /type: found "order_paid"; allowed is one of order_placed, order_refunded/,
    ],
    ['a key that does not exist', { colour: 'Colour' }, /found colour; allowed are type, occurred_at/],
    ['no column for a field that is needed', { country: undefined }, /country: found nothing; order_placed needs it/],
    ['a field of another event type', { ticket_id: 'T' }, /ticket_id: found a field that order_placed does not have/],
    [
      'a date format without a year',
      { occurred_at: { column: 'D', format: 'D/M' } },
      /occurred_at\.format: found "D\/M", without year; allowed is a format/,
    ],
    [
      'an amount of three factors',
      { amount: { multiply: ['a', 'b', 'c'] } },
      /amount\.multiply: found \["a","b","c"\]; allowed is two columns/,
    ],
    ['a delimiter of two characters', { delimiter: '||' }, /delimiter: found "\|\|"; allowed is one character/],
    [
      'a part of a date that comes twice',
      { occurred_at: { column: 'D', format: 'YYYY-MM-DD HH:MM' } },
      /occurred_at\.format: found the month twice.*or one of epoch seconds/,
    ],
    [
      'an event type by value that does not exist',
      { type: { column: 'K', values: { sale: 'order_sold' } } },
      /type\.values\.sale: found "order_sold"; allowed is one of order_placed/,
    ],
    [
      'a sign that gives no type of order',
      { type: { sign: { positive: 'order_placed', negative: 'ticket_closed' } } },
      /type\.sign\.negative: found "ticket_closed"; allowed is order_placed or order_refunded, or null/,
    ],
    [
      'half a sign',
      { type: { sign: { positive: 'order_placed' } } },
      /type\.sign\.negative: found nothing; allowed is order_placed/,
    ],
    [
      'types that leave every row out',
      { type: { column: 'K', values: { draft: null } } },
      /type: found .*, which leaves every row out/,
    ],
    ['an amount that is a number', { amount: 5 }, /amount: found 5; allowed is the name of a column, or/],
    ['a field that is a list', { category: ['a'] }, /category: found \["a"\]; allowed is the name of a column/],
    ['a column without a name', { category: '' }, /category: found ""; allowed is the name of a column/],
    ['a value that is a number', { category: { value: 7 } }, /category\.value: found 7; allowed is a text/],
    ['a time zone that does not exist', { timezone: 'Europe/Berlim' }, /timezone: found "Europe\/Berlim"; allowed is/],
    ['a language that is not known', { locale: 'xx-XX' }, /locale: found "xx-XX"; allowed is a language/],
    ['a decimal sign that is none', { decimal: ';' }, /decimal: found ";"; allowed is "\." or ","/],
    ['a sign for thousands that is none', { thousands: '_' }, /thousands: found "_"; allowed is one of ","/],
    [
      'one sign for two things',
      { decimal: ',', thousands: ',' },
      /thousands: found ",", which is the decimal sign; allowed is another/,
    ],
    ['two decimal signs', { decimal: '.', decimal_comma: true }, /decimal: found "\." beside "decimal_comma": true/],
    ['a rule for equal rows that is none', { equal_rows: 'twice' }, /equal_rows: found "twice"; allowed is "count"/],
    [
      'a rule for equal rows beside an id',
      { event_id: 'Id', equal_rows: 'once' },
      /equal_rows: found "once" beside event_id, which says what is equal/,
    ],
    [
      'an encoding that is not known',
      { encoding: 'utf7' },
      /encoding: found "utf7"; allowed is one of utf8, .*windows-1252/,
    ],
  ])('is refused with %s', (_, change, message) => {
    expect(() => checkCsvMapping({ ...MAPPING, ...change }, 'm.json')).toThrow(message);
  });

  it('is refused with every problem at once, naming the file', () => {
    const change = { delimiter: '', encoding: 'x' };
    expect(() => checkCsvMapping({ ...MAPPING, ...change }, 'm.json')).toThrow(
      /m\.json is not a mapping.*delimiter.*encoding/,
    );
  });

  it.each([
    ['a list', []],
    ['a text', 'order_placed'],
    ['null', null],
  ])('is refused as %s', (_, value) => {
    expect(() => checkCsvMapping(value, 'm.json')).toThrow(
      /m\.json is not a mapping .*found no JSON object; allowed is/,
    );
  });

  it('needs what each of its event types needs', () => {
    const type = { column: 'Kind', values: { sale: 'order_placed', note: null, ticket: 'ticket_opened' } };
    expect(() => checkCsvMapping({ ...MAPPING, type })).toThrow(/ticket_id: found nothing; ticket_opened needs it/);
  });
});
