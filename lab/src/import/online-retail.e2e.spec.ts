import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SALES_SETS } from './testing/files.js';
import { printedBy } from './testing/printed-by.js';
import {
  GROUPINGS,
  type Grouping,
  inTenThousandths,
  type SalesByGroup,
  type SalesGroup,
} from './testing/sales-fold.js';

type OracleGroup = Omit<SalesGroup, 'gross' | 'refunds'> & { gross: string; refunds: string };
type Oracle = {
  gross_revenue: string;
  refunds: string;
  orders: number;
  lines_by_kind: { sale: number; refund: number };
  distinct_customers_in_events: number;
} & Record<Exclude<Grouping, 'total'>, Record<string, OracleGroup>>;

const REAL_SET_TIMEOUT_MS = 120_000;

for (const { name, file, categories, oracle } of SALES_SETS) {
  if (file === undefined || categories === undefined || oracle === undefined) continue;
  describe(`events made from ${name}`, () => {
    const expected = readOracle(oracle);
    let printed: Promise<SalesByGroup> | undefined;

    it.each(Object.keys(GROUPINGS) as Grouping[])(
      'give the oracle’s numbers to the last digit: %s',
      async (grouping) => {
        printed ??= printedBy('print-sales.js', [file, categories]) as Promise<SalesByGroup>;
        expect((await printed)[grouping]).toEqual(expected[grouping]);
      },
      REAL_SET_TIMEOUT_MS,
    );
  });
}

/** The oracle counts identical rows once, and gives money with three decimals. */
function readOracle(path: string): SalesByGroup {
  const { dedup } = JSON.parse(readFileSync(path, 'utf8')) as { dedup: Oracle };
  const all = {
    gross: dedup.gross_revenue,
    refunds: dedup.refunds,
    orders: dedup.orders,
    sale_lines: dedup.lines_by_kind.sale,
    refund_lines: dedup.lines_by_kind.refund,
    customers: dedup.distinct_customers_in_events,
  };
  const groupings = (Object.keys(GROUPINGS) as Grouping[]).map((grouping) => {
    const groups = grouping === 'total' ? { all } : dedup[grouping];
    return [grouping, Object.fromEntries(Object.entries(groups).map(([key, group]) => [key, exactly(group)]))];
  });
  return Object.fromEntries(groupings) as SalesByGroup;
}

function exactly({ gross, refunds, orders, sale_lines, refund_lines, customers }: OracleGroup): SalesGroup {
  return {
    gross: String(inTenThousandths(gross)),
    refunds: String(inTenThousandths(refunds)),
    orders,
    sale_lines,
    refund_lines,
    customers,
  };
}
