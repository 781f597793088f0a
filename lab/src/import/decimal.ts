/** A decimal as an integer and how many of its digits stand behind the point: 2.55 is 255 and 2. */
export type Decimal = { readonly digits: bigint; readonly scale: number };

/** Far more digits than any amount has: what is refused for them is named with all of them. */
const DECIMAL = /^([+-]?)(\d{1,30})(?:\.(\d{0,30}))?$/;

/** Reads "12", "-1.50", "0.001"; undefined for anything else, like "1e3", "1,5" or "". */
export function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const digits = BigInt(whole + fraction);
  return { digits: sign === '-' ? -digits : digits, scale: fraction.length };
}

/** a × b, exactly. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

export function negateDecimal({ digits, scale }: Decimal): Decimal {
  return { digits: -digits, scale };
}

/** Exact text without trailing zeros behind the point: 25500 and 4 → "2.55", −5 and 1 → "-0.5". */
export function decimalText({ digits, scale }: Decimal): string {
  const size = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = size.slice(0, size.length - scale);
  const fraction = size.slice(size.length - scale).replace(/0+$/, '');
  return `${digits < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** How many digits stand behind the point, but for zeros at the end: 2 for 2.550. */
export function decimalsOf(decimal: Decimal): number {
  return decimalText(decimal).split('.')[1]?.length ?? 0;
}
