import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addExact, type ExactInteger, negateExact, normalizeExact } from '../exact-integer.js';
import { MAX_AMOUNT, moneySchema, TEN_THOUSANDTHS, toDecimalText, toTenThousandths } from './money.js';

const LARGEST = MAX_AMOUNT * TEN_THOUSANDTHS;
const amounts = fc.oneof(fc.integer({ min: 0, max: LARGEST }), fc.constantFrom(0, 1, LARGEST, LARGEST - 1));
const anyInteger = fc.oneof(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.maxSafeInteger().map(BigInt));

/** Text of an integer number of ten-thousandths with all 4 decimals, without any division. */
function fullText(tenThousandths: number): string {
  const digits = String(tenThousandths).padStart(5, '0');
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

describe('money', () => {
  it('is exact for every amount of up to 4 decimals, as text and as a number', () => {
    fc.assert(
      fc.property(amounts, (integer) => {
        expect(toTenThousandths(fullText(integer))).toBe(integer);
        expect(toTenThousandths(Number(fullText(integer)))).toBe(integer);
      }),
    );
  });

  it('comes back from its decimal text as it was', () => {
    fc.assert(fc.property(amounts, (integer) => expect(toTenThousandths(toDecimalText(integer))).toBe(integer)));
  });

  it('is shown the same whether it is kept as a number or as a bigint', () => {
    const integers = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1_000_000, max: 1_000_000 }));
    fc.assert(fc.property(integers, (integer) => expect(toDecimalText(integer)).toBe(toDecimalText(BigInt(integer)))));
  });

  it.each([
    [0, '0'],
    [1, '0.0001'],
    [-5000, '-0.5'],
    [123456, '12.3456'],
    [1_000_000, '100'],
    [-(2n ** 64n), '-1844674407370955.1616'],
  ] as const)('writes %s ten-thousandths as %s', (integer, text) => {
    expect(toDecimalText(integer)).toBe(text);
  });

  it('refuses a fifth decimal that is not zero', () => {
    fc.assert(
      fc.property(fc.nat(MAX_AMOUNT - 1), fc.integer({ min: 1, max: 9 }), fc.nat(9_999), (units, fifth, decimals) => {
        const text = `${units}.${String(decimals).padStart(4, '0')}${fifth}`;
        expect(toTenThousandths(text)).toBeUndefined();
        expect(toTenThousandths(Number(text))).toBeUndefined();
      }),
    );
  });

  it.each([
    -0.01,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    MAX_AMOUNT + 0.0001,
    '',
    ' 1',
    '1.',
    '.5',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '1,5',
    '1.00000',
    '١',
    '99999999999',
  ])('refuses %p', (amount) => {
    expect(toTenThousandths(amount)).toBeUndefined();
    expect(moneySchema.safeParse(amount).success).toBe(false);
  });

  it('has no negative zero', () => {
    expect(Object.is(toTenThousandths(-0), 0)).toBe(true);
    expect(Object.is(negateExact(0), 0)).toBe(true);
  });
});

describe('an exact integer', () => {
  const exact = (value: bigint): ExactInteger => normalizeExact(value);

  it('adds and negates like a bigint, beyond 2^53 too', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, (a, b) => {
        expect(BigInt(addExact(exact(a), exact(b)))).toBe(a + b);
        expect(BigInt(negateExact(exact(a)))).toBe(-a);
      }),
    );
  });

  it('has one representation per value: a number while it is safe', () => {
    fc.assert(
      fc.property(anyInteger, anyInteger, (a, b) => {
        const sum = addExact(exact(a), exact(b));
        expect(typeof sum).toBe(Number.isSafeInteger(Number(a + b)) ? 'number' : 'bigint');
        expect(addExact(sum, negateExact(exact(b)))).toBe(exact(a));
      }),
    );
  });

  it('does not lose the one above 2^53 - 1', () => {
    expect(addExact(Number.MAX_SAFE_INTEGER, 1)).toBe(2n ** 53n);
    expect(addExact(Number.MAX_SAFE_INTEGER, 2)).toBe(2n ** 53n + 1n);
    expect(addExact(2n ** 53n, -1)).toBe(Number.MAX_SAFE_INTEGER);
    expect(addExact(Number.MIN_SAFE_INTEGER, -1)).toBe(-(2n ** 53n));
  });
});
