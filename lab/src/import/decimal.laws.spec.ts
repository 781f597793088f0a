import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decimalText, multiplyDecimals, negateDecimal, parseDecimal } from './decimal.js';

const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.integer({ min: 0, max: 6 }))
  .map(([isNegative, digits, scale]) => ({ digits: isNegative ? -digits : digits, scale }));

/** The value of a decimal text as an integer of 10^-20, worked out by text alone. */
function inTinyUnits(text: string): bigint {
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const size = BigInt(whole + fraction.padEnd(20, '0'));
  return text.startsWith('-') ? -size : size;
}

describe('decimals', () => {
  it('come back from their text with the same value', () => {
    fc.assert(
      fc.property(decimal, ({ digits, scale }) => {
        const read = parseDecimal(decimalText({ digits, scale }));
        expect(read && read.digits * 10n ** BigInt(scale)).toBe(digits * 10n ** BigInt(read?.scale ?? 0));
      }),
    );
  });

  it('multiply as their integers do', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const product = inTinyUnits(decimalText(multiplyDecimals(a, b)));
        const [x, y] = [inTinyUnits(decimalText(a)), inTinyUnits(decimalText(b))];
        expect(product * 10n ** 20n).toBe(x * y);
      }),
    );
  });

  it('negate to what adds up to nothing', () => {
    fc.assert(
      fc.property(decimal, (a) => {
        expect(inTinyUnits(decimalText(a)) + inTinyUnits(decimalText(negateDecimal(a)))).toBe(0n);
      }),
    );
  });

  it.each([
    ['6', '2.55', '15.3'],
    ['3', '0.125', '0.375'],
    ['-2', '2.55', '-5.1'],
    ['80995', '2.08', '168469.6'],
    ['3', '0.1', '0.3'],
    ['0', '-1.5', '0'],
  ])('multiply %s by %s to %s', (a, b, product) => {
    const [x, y] = [parseDecimal(a), parseDecimal(b)];
    expect(x && y && decimalText(multiplyDecimals(x, y))).toBe(product);
  });

  it.each(['', ' 1', '1e3', '1,5', '.5', '--1', 'NaN', '1.2.3', '0x10'])('do not read %j', (text) => {
    expect(parseDecimal(text)).toBeUndefined();
  });
});
