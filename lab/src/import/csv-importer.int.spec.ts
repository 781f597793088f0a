import { describe, expect, it } from '@jest/globals';
import { checkCsvMapping, readCsvMapping } from './check-csv-mapping.js';
import { csvImporter } from './csv-importer.js';
import { eventsOf } from './testing/events-of.js';
import { fixture } from './testing/files.js';

const BASE = {
  type: 'order_placed',
  occurred_at: 'when',
  order_id: 'id',
  category: 'group',
  amount: 'sum',
  country: { value: 'XX' },
};
const HEADER = ['id', 'when', 'group', 'sum', 'extra'];

function mapped(cells: readonly string[], change: object = {}) {
  const mapper = csvImporter(checkCsvMapping({ ...BASE, ...change })).mapperFor(HEADER);
  return mapper.map({ number: 2, cells })[0];
}

describe('a row of any CSV', () => {
  it('becomes the event that the mapping says', () => {
    expect(mapped(['7', '2026-01-31', 'books', '$1,234.50', ''])).toMatchObject({
      event: {
        type: 'order_placed',
        occurred_at: '2026-01-31T00:00:00Z',
        order_id: '7',
        customer_id: null,
        amount: '1234.5',
        country: 'XX',
      },
    });
  });

  it('keeps texts and ids as they are, with their spaces', () => {
    const event = { event_id: ' 7 ', category: ' books ' };
    expect(mapped([' 7 ', '2026-01-31', ' books ', '1', ''], { event_id: 'id' })).toMatchObject({ event });
  });

  it('takes an instant with an offset as it is', () => {
    const event = { occurred_at: '2026-01-31T08:00:00+01:00' };
    expect(mapped(['7', '2026-01-31T08:00:00+01:00', 'books', '1', ''])).toMatchObject({ event });
  });

  it.each([
    ['a date of another form', ['7', '31.1.2026', 'books', '1', ''], {}, 'occurred_at'],
    ['an amount that is no number', ['7', '2026-01-31', 'books', '1,2,3', ''], {}, 'amount'],
    [
      'a day that does not exist',
      ['7', '30.02.2026', 'books', '1', ''],
      { occurred_at: { column: 'when', format: 'DD.MM.YYYY' } },
      'occurred_at',
    ],
    ['bytes that are no UTF-8', ['7', '2026-01-31', 'b\ufffdcher', '1', ''], {}, 'category'],
    [
      'a type without an entry',
      ['7', '2026-01-31', 'constructor', '1', ''],
      { type: { column: 'group', values: { sale: 'order_placed' } } },
      'type',
    ],
    ['half a piece', ['7', '2026-01-31', 'books', '1', '0.5'], { quantity: 'extra' }, 'quantity'],
  ])('is refused with %s', (_, cells, change, path) => {
    expect(mapped(cells, change)).toMatchObject({
      refusal: { path, reason: expect.stringMatching(/^found .*; allowed is/) },
    });
  });

  it('names the columns that the mapping wants and the file lacks', () => {
    const importer = csvImporter(checkCsvMapping(BASE));
    expect(() => importer.mapperFor(['id', 'group', 'sum'])).toThrow(
      /found no column when; found are the columns id, group, sum/,
    );
  });
});

describe('the invented German sales', () => {
  it('become sales and refunds, without drafts and without what cannot be read', async () => {
    const mapping = await readCsvMapping(fixture('sales.mapping.json'));
    const { events, refused, tally } = await eventsOf(csvImporter(mapping), fixture('sales.csv'));
    expect(events.map((event) => [event.type, event.occurred_at, 'amount' in event && event.amount])).toEqual([
      ['order_placed', '2026-01-31T08:15:00Z', '25'],
      ['order_placed', '2026-01-31T08:15:00Z', '1234.95'],
      ['order_placed', '2026-02-01T19:05:00Z', '0.9999'],
      ['order_refunded', '2026-02-03T10:00:00Z', '12.5'],
    ]);
    expect(refused.map(({ row, refusal }) => [row, refusal.path])).toEqual([
      [7, 'occurred_at'],
      [8, 'amount'],
      [9, 'type'],
    ]);
    expect([...tally.leftOut.values()]).toEqual([1]);
  });
});
