import { type Decimal, parseDecimal } from './decimal.js';

const CURRENCY_SIGN = /^[€$£¥]\s*|\s*[€$£¥]$/g;
/** Groups of three digits, as in 1,234,567. Anything else between digits is not a thousands separator. */
const GROUPED_BY_COMMA = /^([+-]?\d{1,3})((?:,\d{3})+)(\.\d*)?$/;

/** Reads an amount as people write it: "1,234.50", "€ 12", with a decimal comma "1.234,50"; undefined otherwise. */
export function parseAmount(text: string, decimalComma: boolean): Decimal | undefined {
  const bare = text.trim().replace(CURRENCY_SIGN, '');
  const withPoint = decimalComma ? swapSeparators(bare) : bare;
  const groups = GROUPED_BY_COMMA.exec(withPoint);
  return parseDecimal(groups ? withPoint.replaceAll(',', '') : withPoint);
}

function swapSeparators(text: string): string {
  return text.replace(/[.,]/g, (sign) => (sign === ',' ? '.' : ','));
}
