import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AmountStyle, parseAmount, THOUSANDS } from './amount-text.js';
import { decimalText } from './decimal.js';

const POINT: AmountStyle = { decimal: '.', thousands: undefined, isStated: true };
const COMMA: AmountStyle = { ...POINT, decimal: ',' };
const UNSTATED: AmountStyle = { ...POINT, isStated: false };

const readAs = (text: string, style: AmountStyle) => {
  const parsed = parseAmount(text, style);
  return 'decimal' in parsed ? decimalText(parsed.decimal) : undefined;
};
const allowedFor = (text: string, style: AmountStyle) => {
  const parsed = parseAmount(text, style);
  return 'allowed' in parsed ? parsed.allowed : undefined;
};

describe('an amount as people write it', () => {
  it.each([
    ['1,234.50', '1234.5'],
    ['12', '12'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['-1,000,000', '-1000000'],
    ['1,23,456.78', '123456.78'],
    ['12,34,56,789', '123456789'],
    ['1 234.50', '1234.5'],
    ['1\u00a0234.50', '1234.5'],
    ['1\u202f234\u202f567.8', '1234567.8'],
    ["1'234.50", '1234.5'],
    ['1’234’567', '1234567'],
    ['5-', '-5'],
    ['5.25 -', '-5.25'],
    ['(5.00)', '-5'],
    ['($1,234.50)', '-1234.5'],
    ['€(5)', '-5'],
    ['\u22125', '-5'],
    ['–5.10', '-5.1'],
    ['+5', '5'],
    ['€ 5', '5'],
    ['5 €', '5'],
    ['EUR 5', '5'],
    ['5.10 EUR', '5.1'],
    ['eur5', '5'],
    ['$-5', '-5'],
    ['-$5', '-5'],
    ['-5 €', '-5'],
    ['5 EUR-', '-5'],
    ['5 kr', '5'],
    ['kr. 5', '5'],
    ['Rs.5', '5'],
    ['$.50', '0.5'],
    ['US$ 12.50', '12.5'],
    ['$5.00 USD', '5'],
    ['R$ 7.20', '7.2'],
    ['12.30 zł', '12.3'],
    ['₹1,00,000', '100000'],
    ['0', '0'],
    ['-0.00', '0'],
    [' 7 ', '7'],
  ])('%s with a decimal point is %s', (text, value) => {
    expect(readAs(text, POINT)).toBe(value);
  });

  it.each([
    ['1.234,50', '1234.5'],
    ['12,5 €', '12.5'],
    ['1 234,50', '1234.5'],
    ['1\u202f234,50 €', '1234.5'],
    ["1'234,50", '1234.5'],
    ['1.234', '1234'],
    [',5', '0.5'],
    ['5,', '5'],
    ['1,234', '1.234'],
    ['(1.234,50)', '-1234.5'],
    ['1.23.456,7', '123456.7'],
  ])('%s with a decimal comma is %s', (text, value) => {
    expect(readAs(text, COMMA)).toBe(value);
  });

  it.each([
    ['', POINT],
    ['-', POINT],
    ['€', POINT],
    ['.', POINT],
    ['abc', POINT],
    ['12,50', POINT],
    ['1,2345', POINT],
    ['0,123', POINT],
    ['01,234', POINT],
    ['1,234 567', POINT],
    ['1.234.567', POINT],
    ['9.90', COMMA],
    ['1,234,567', COMMA],
    ['1e5', POINT],
    ['1.2E+3', POINT],
    ['5%', POINT],
    ['5 % ', POINT],
    ['--5', POINT],
    ['-(5)', POINT],
    ['-5-', POINT],
    ['5+', POINT],
    ['5.-', POINT],
    ['5,-', COMMA],
    ['5 CR', POINT],
    ['5 10', POINT],
    ['5/2', POINT],
    ['5²', POINT],
    ['NaN', POINT],
    ['0x10', POINT],
    ['€ 5 $ 6', POINT],
    ['50¢', POINT],
    ['5K', POINT],
    ['US5', POINT],
  ])('%j is refused, and it says what is allowed', (text, style) => {
    expect(allowedFor(text, style)).toMatch(/^a decimal like 1[.,]234[.,]50/);
  });

  it('is not guessed where the mapping says nothing and a comma may mean either', () => {
    expect(allowedFor('1,234', UNSTATED)).toMatch(/give "decimal": ","/);
    expect(allowedFor('1,23,456', UNSTATED)).toMatch(/give "decimal": ","/);
    expect(['1,234.50', '1,234,567', '1 234', '1.234'].map((text) => readAs(text, UNSTATED))).toEqual([
      '1234.5',
      '1234567',
      '1234',
      '1.234',
    ]);
  });

  it.each([
    ['1e5', POINT, /without an exponent/],
    ['5 %', POINT, /no percentage/],
    ['5.-', POINT, /may mean no cents/],
    ['12,50', POINT, /for 1\.234,50 give "decimal": ","/],
    ['9.90', COMMA, /for 1,234\.50 give "decimal": "\."/],
  ])('%s is refused with what to do', (text, style, message) => {
    expect(allowedFor(text, style)).toMatch(message);
  });

  it('keeps to the sign for thousands that the mapping states', () => {
    const withApostrophe: AmountStyle = { ...POINT, thousands: "'" };
    expect([readAs("1'234", withApostrophe), readAs('1,234', withApostrophe)]).toEqual(['1234', undefined]);
    const withNone: AmountStyle = { ...POINT, thousands: '' };
    expect([readAs('1234', withNone), readAs('1 234', withNone)]).toEqual(['1234', undefined]);
  });

  it('tells the currency that it was written with', () => {
    expect(parseAmount('12 kr', POINT)).toMatchObject({ currency: 'kr' });
    expect(parseAmount('12', POINT)).toMatchObject({ currency: undefined });
  });

  it('is the number that was written, with every separator and sign', () => {
    const parts = fc.record({
      whole: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      fraction: fc.stringMatching(/^\d{0,4}$/),
      decimal: fc.constantFrom('.', ','),
      separator: fc.constantFrom(...THOUSANDS),
      write: fc.constantFrom(
        (text: string) => text,
        (text: string) => `-${text}`,
        (text: string) => `${text}-`,
        (text: string) => `(${text})`,
        (text: string) => `€ -${text}`,
      ),
    });
    fc.assert(
      fc.property(parts, ({ whole, fraction, decimal, separator, write }) => {
        if (separator === decimal) return;
        const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, separator);
        const text = write(fraction === '' ? grouped : `${grouped}${decimal}${fraction}`);
        const isNegative = text !== grouped && /[-(]/.test(text);
        const size = decimalText({ digits: BigInt(`${whole}${fraction}`), scale: fraction.length });
        const style: AmountStyle = { decimal: decimal as '.' | ',', thousands: separator, isStated: true };
        expect(readAs(text, style)).toBe(isNegative && size !== '0' ? `-${size}` : size);
      }),
    );
  });
});
