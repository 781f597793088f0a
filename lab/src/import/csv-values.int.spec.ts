import { describe, expect, it } from '@jest/globals';
import type { EventInput } from '@tandem/shared';
import { checkCsvMapping } from './check-csv-mapping.js';
import { csvImporter } from './csv-importer.js';

const BASE = {
  occurred_at: 'Date',
  order_id: 'Order',
  category: 'Group',
  country: { value: 'XX' },
};
const DAY = '2026-02-01 08:15';

/** What becomes of rows with the columns Order, Date, Group and whatever else `columns` names. */
function mapped(mapping: object, columns: readonly string[], rows: readonly (readonly string[])[]) {
  const importer = csvImporter(checkCsvMapping({ ...BASE, ...mapping }));
  const mapper = importer.mapperFor(['Order', 'Date', 'Group', ...columns]);
  const all = rows.flatMap((cells, index) => mapper.map({ number: index + 2, cells: ['1', DAY, 'a', ...cells] }));
  return { all, notes: mapper.notes?.() ?? [] };
}

const brief = ({ all }: ReturnType<typeof mapped>) =>
  all.map((one) => {
    if ('refusal' in one) return `${one.refusal.path}: ${one.refusal.reason}`;
    if ('leftOut' in one) return 'left out';
    const event = one.event as EventInput & { amount: string; quantity?: number };
    return [
      event.type.replace('order_', ''),
      event.amount,
      ...(event.quantity === undefined ? [] : [event.quantity]),
    ].join(' ');
  });

const BY_KIND = {
  type: { column: 'Kind', values: { sale: 'order_placed', return: 'order_refunded' } },
  amount: { multiply: ['Quantity', 'Price'] },
  quantity: 'Quantity',
};
const BY_SIGN = { type: { sign: { positive: 'order_placed', negative: 'order_refunded' } } };

describe('a return that a shop writes with a minus', () => {
  it('is a refund of the amount, whatever has the minus: quantity, price or both', () => {
    const rows = [
      ['sale', '4', '25.00'],
      ['return', '-2', '25.00'],
      ['return', '2', '-25.00'],
      ['return', '-2', '-25.00'],
      ['return', '2', '25.00'],
      ['return', '(2)', '25.00'],
      ['return', '2-', '0'],
    ];
    expect(brief(mapped(BY_KIND, ['Kind', 'Quantity', 'Price'], rows))).toEqual([
      'placed 100 4',
      'refunded 50 2',
      'refunded 50 2',
      'refunded 50 2',
      'refunded 50 2',
      'refunded 50 2',
      'refunded 0 2',
    ]);
  });

  it('is refused where its kind is a sale, with what to do', () => {
    const refusals = brief(
      mapped(
        { ...BY_KIND, quantity: undefined },
        ['Kind', 'Quantity', 'Price'],
        [
          ['sale', '-2', '25.00'],
          ['sale', '-2', '-25.00'],
        ],
      ),
    );
    expect(refusals[0]).toMatch(
      /^amount: found "-2" times "25.00"; allowed is an amount from 0 for order_placed: .*"type": \{"sign"/,
    );
    expect(refusals[1]).toMatch(/^amount: found "-2" times "-25.00"; allowed is an amount from 0 for order_placed/);
    const mapping = { type: 'order_placed', amount: 'Sum', quantity: 'Quantity' };
    expect(brief(mapped(mapping, ['Sum', 'Quantity'], [['50', '-2']]))).toEqual([
      expect.stringMatching(/^quantity: found "-2"; allowed is a whole number from 0 for order_placed/),
    ]);
  });

  it('is told by the sign of the amount where the mapping says so', () => {
    const mapping = { ...BY_SIGN, amount: 'Sum', quantity: 'Quantity' };
    const rows = [
      ['12.50', '1'],
      ['-12.50', '-1'],
      ['(3)', '2'],
      ['0', '1'],
      ['0', '-1'],
      ['-0.00', ''],
      ['50', '-2'],
      ['50', '2-'],
    ];
    expect(brief(mapped(mapping, ['Sum', 'Quantity'], rows))).toEqual([
      'placed 12.5 1',
      'refunded 12.5 1',
      'refunded 3 2',
      'placed 0 1',
      'refunded 0 1',
      'placed 0',
      'refunded 50 2',
      'refunded 50 2',
    ]);
  });

  it('is told by the sign of a product, also when the price is nothing', () => {
    const mapping = { ...BY_SIGN, amount: { multiply: ['Quantity', 'Price'] } };
    const rows = [
      ['-2', '25'],
      ['2', '-25'],
      ['-2', '-25'],
      ['-2', '0'],
      ['2', '0'],
    ];
    expect(brief(mapped(mapping, ['Quantity', 'Price'], rows))).toEqual([
      'refunded 50',
      'refunded 50',
      'refunded 50',
      'refunded 0',
      'placed 0',
    ]);
  });

  it('may be left out, turned around, and zero may have its own type', () => {
    const sign = { positive: 'order_refunded', negative: 'order_placed', zero: null };
    expect(brief(mapped({ type: { sign }, amount: 'Sum' }, ['Sum'], [['5'], ['-5'], ['0']]))).toEqual([
      'refunded 5',
      'placed 5',
      'left out',
    ]);
  });
});

describe('a value of a row', () => {
  it.each([
    ['3', '0.3333', 'placed 0.9999'],
    [
      '3',
      '0.33333',
      'amount: found "3" times "0.33333", which is 0.99999; allowed are at most 4 decimals: nothing is rounded here',
    ],
    ['2', '0.00005', 'placed 0.0001'],
    ['1', '1.500000', 'placed 1.5'],
    [
      '1',
      '0.1234567890123456789',
      'amount: found "1" times "0.1234567890123456789", which is 0.1234567890123456789; allowed are at most 4 decimals: nothing is rounded here',
    ],
  ])('%s times %s is %s', (quantity, price, text) => {
    const mapping = { type: 'order_placed', amount: { multiply: ['Quantity', 'Price'] } };
    expect(brief(mapped(mapping, ['Quantity', 'Price'], [[quantity, price]]))).toEqual([text]);
  });

  it('is a whole quantity as the file writes numbers', () => {
    const mapping = { type: 'order_placed', amount: 'Sum', quantity: 'Quantity', decimal: ',' };
    const rows = [
      ['1', '1.234'],
      ['1', '2,00'],
      ['1', ''],
      ['1', '2,5'],
      ['1', 'two'],
    ];
    expect(brief(mapped(mapping, ['Sum', 'Quantity'], rows))).toEqual([
      'placed 1 1234',
      'placed 1 2',
      'placed 1',
      'quantity: found "2,5"; allowed is a whole number, or nothing',
      'quantity: found "two"; allowed is a whole number, or nothing',
    ]);
  });

  it('is added as it stands in several currencies, and that is said', () => {
    const { notes } = mapped({ type: 'order_placed', amount: 'Sum' }, ['Sum'], [['€ 5'], ['$6']]);
    expect(notes).toEqual([expect.stringMatching(/^amounts are written with €, \$: they are added as they stand/)]);
  });
});

describe('when a row happened', () => {
  const occurredAt = (cell: string, mapping: object) => {
    const importer = csvImporter(checkCsvMapping({ ...BASE, type: 'order_placed', amount: 'Sum', ...mapping }));
    const [one] = importer
      .mapperFor(['Order', 'Date', 'Group', 'Sum'])
      .map({ number: 2, cells: ['1', cell, 'a', '1'] });
    return one && 'event' in one ? one.event.occurred_at : one;
  };
  const at = (format: string) => ({ occurred_at: { column: 'Date', format } });

  it.each([
    ['2026-02-01', '2026-02-01T00:00:00Z'],
    ['2026-02-01 08:15', '2026-02-01T08:15:00Z'],
    ['2026-02-01 08:15:30.123456+00', '2026-02-01T08:15:30.123+00:00'],
    ['2026-02-01 08:15:30,5', '2026-02-01T08:15:30.500Z'],
    ['2026-02-01t08:15:30z', '2026-02-01T08:15:30Z'],
    ['2026-02-01 08:15:30 UTC', '2026-02-01T08:15:30Z'],
    ['2026-02-01 08:15:30 +0530', '2026-02-01T08:15:30+05:30'],
  ])('is read without a format from %s', (cell, iso) => {
    expect(occurredAt(cell, {})).toBe(iso);
  });

  it('is read in the time zone that the mapping gives, unless the cell says another', () => {
    const timezone = 'Europe/Berlin';
    expect(occurredAt('2026-02-01 08:15', { timezone })).toBe('2026-02-01T08:15:00+01:00');
    expect(occurredAt('2026-07-01 08:15Z', { timezone })).toBe('2026-07-01T08:15:00Z');
    expect(occurredAt('1.7.2026', { ...at('D.M.YYYY'), timezone })).toBe('2026-07-01T00:00:00+02:00');
    expect(occurredAt('46054.34375', { ...at('excel'), timezone })).toBe('2026-02-01T08:15:00.000+01:00');
    expect(occurredAt('1769933700', { ...at('epoch seconds'), timezone })).toBe('2026-02-01T08:15:00.000Z');
  });

  it('is read with the names of a language', () => {
    expect(occurredAt('1. März 2026 um 08:15 Uhr', { ...at('D. MMMM YYYY um HH:mm Uhr'), locale: 'de' })).toBe(
      '2026-03-01T08:15:00Z',
    );
  });

  it.each([
    ['30.02.2026', at('DD.MM.YYYY'), 'a day and a time that exist, from 1970 to 2099'],
    ['30.02.2026', { ...at('DD.MM.YYYY'), timezone: 'Europe/Berlin' }, 'a day and a time that exist'],
    ['31.04.2026 25:00', at('DD.MM.YYYY HH:mm'), 'a day and a time that exist'],
    ['01.01.1969', at('DD.MM.YYYY'), 'from 1970 to 2099'],
    ['60', at('excel'), 'from 1970 to 2099'],
    ['1769933700000', at('epoch seconds'), 'from 1970 to 2099'],
    ['2/1/2026', at('DD.MM.YYYY'), 'DD.MM.YYYY'],
    [
      '29.03.2026 02:30',
      { ...at('DD.MM.YYYY HH:mm'), timezone: 'Europe/Berlin' },
      'a time that there is in Europe/Berlin',
    ],
    ['', {}, 'an ISO 8601 date, or a "format" in the mapping'],
  ])('is refused: %s with %j', (cell, mapping, allowed) => {
    expect(occurredAt(cell, mapping)).toMatchObject({
      refusal: { path: 'occurred_at', reason: expect.stringContaining(allowed) },
    });
  });
});

describe('the id of a row', () => {
  const idsOf = (mapping: object, columns: readonly string[], rows: readonly (readonly string[])[]) => {
    const result = mapped({ type: 'order_placed', amount: 'Sum', ...mapping }, columns, rows);
    return { ...result, ids: result.all.map((one) => ('event' in one ? one.event.event_id : '')) };
  };

  it('is of what the mapping makes of it: not of other columns, and not of how a value is written', () => {
    const [id] = idsOf({}, ['Sum'], [['12.50']]).ids;
    expect(idsOf({}, ['Note', 'Sum'], [['changed', ' $12.5 ']]).ids).toEqual([id]);
    expect(idsOf({ timezone: '+00:00' }, ['Sum'], [['12.50']]).ids).toEqual([id]);
    expect(idsOf({}, ['Sum'], [['12.51']]).ids).not.toEqual([id]);
    expect(idsOf({ category: { value: 'b' } }, ['Sum'], [['12.50']]).ids).not.toEqual([id]);
    expect(idsOf({ type: 'order_refunded' }, ['Sum'], [['12.50']]).ids).not.toEqual([id]);
  });

  it('tells equal rows apart by their number, the same in every import, and says so', () => {
    const rows = [['1'], ['2'], ['1'], ['1.00']];
    const { ids, notes } = idsOf({}, ['Sum'], rows);
    expect(new Set(ids).size).toBe(4);
    expect(new Set(idsOf({}, ['Sum'], rows.toReversed()).ids)).toEqual(new Set(ids));
    expect(notes).toEqual([expect.stringMatching(/^2 rows give the same event as a row before them: each is counted/)]);
  });

  it('is one for equal rows where the mapping says once', () => {
    const { ids, notes } = idsOf({ equal_rows: 'once' }, ['Sum'], [['1'], ['1'], ['2']]);
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(2);
    expect(notes).toEqual([]);
  });

  it('is the one that the file gives where the mapping names it', () => {
    expect(
      idsOf(
        { event_id: 'Id' },
        ['Sum', 'Id'],
        [
          ['1', 'x'],
          ['1', 'x'],
        ],
      ).ids,
    ).toEqual(['x', 'x']);
  });
});
