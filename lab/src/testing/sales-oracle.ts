import { readFileSync } from 'node:fs';
import { type MetricAnswer, type Numbers, type TandemClient, tenThousandthsOf } from './tandem-client.js';

/** Compares the API's answers about sales with an oracle file that was made without Tandem. */

type OracleGroup = {
  readonly gross: string;
  readonly refunds: string;
  readonly sale_lines: number;
  readonly orders: number;
  readonly customers: number;
};
type Groups = Readonly<Record<string, OracleGroup>>;
type OracleFile = {
  readonly gross_revenue: string;
  readonly refunds: string;
  readonly orders: number;
  readonly lines_by_kind: { readonly sale: number };
  readonly distinct_customers_in_events: number;
  readonly by_country: Groups;
  readonly by_category: Groups;
  readonly by_month: Groups;
  readonly by_day: Groups;
  readonly by_category_month: Groups;
};

type Layer = 'merged' | 'batch';
type Line = Readonly<Record<Layer, Numbers>> & {
  readonly category?: string;
  readonly country?: string;
  readonly bucket?: string;
};
type Lines = Pick<MetricAnswer, 'approximate'> & { readonly groups: readonly Line[] };

/** Every number that is not the oracle's: by total, country, category, month, day, category and month, and hour. */
export async function wrongSales(client: TandemClient, oraclePath: string, layer: Layer): Promise<readonly string[]> {
  const oracle = (JSON.parse(readFileSync(oraclePath, 'utf8')) as { dedup: OracleFile }).dedup;
  const comparison = new Comparison(client, layer);
  const all = await client.answer('/metrics/revenue');
  comparison.add('total', totalOf(oracle), all[layer], all.approximate);
  await comparison.addGroups('group_by=country', oracle.by_country, ({ country }) => country);
  await comparison.addGroups('group_by=category', oracle.by_category, ({ category }) => category);
  await comparison.addGroups('granularity=day', oracle.by_day, ({ bucket }) => bucket?.slice(0, 10));
  for (const month of Object.keys(oracle.by_month)) {
    const range = rangeOfMonth(month);
    const answer = await client.answer(`/metrics/revenue?${range}`);
    comparison.add(month, oracle.by_month[month], answer[layer], answer.approximate);
    const ofMonth = Object.entries(oracle.by_category_month).filter(([key]) => key.endsWith(`|${month}`));
    const groups = Object.fromEntries(ofMonth.map(([key, group]) => [key.split('|')[0] ?? '', group]));
    await comparison.addGroups(`${range}&group_by=category`, groups, ({ category }) => category);
  }
  await comparison.addHours(oracle.by_day);
  return comparison.wrong;
}

class Comparison {
  readonly wrong: string[] = [];
  readonly #client: TandemClient;
  readonly #layer: Layer;

  constructor(client: TandemClient, layer: Layer) {
    this.#client = client;
    this.#layer = layer;
  }

  async addGroups(query: string, expected: Groups, keyOf: (line: Line) => string | undefined): Promise<void> {
    const { groups, approximate } = await this.#client.body<Lines>(`/metrics/revenue?${query}`);
    const found = new Map(groups.map((line) => [keyOf(line) ?? '', line[this.#layer]]));
    for (const key of new Set([...Object.keys(expected), ...found.keys()])) {
      this.add(`${query} ${key}`, expected[key], found.get(key), approximate);
    }
  }

  /** Sums and line items of the hours of a day are those of the day; distinct counts do not add. */
  async addHours(byDay: Groups): Promise<void> {
    const { groups } = await this.#client.body<Lines>('/metrics/revenue?granularity=hour');
    for (const [day, expected] of Object.entries(byDay)) {
      const hours = groups.filter(({ bucket }) => bucket?.startsWith(day)).map((line) => line[this.#layer]);
      for (const name of ['gross', 'refunds'] as const) {
        const sum = hours.reduce((total, numbers) => total + tenThousandthsOf(numbers[name] ?? 0), 0n);
        this.#compare(`hours of ${day}`, name, sum, decimal(expected[name]));
      }
      const lines = hours.reduce((total, numbers) => total + (numbers['line_items'] ?? 0), 0);
      this.#compare(`hours of ${day}`, 'line_items', lines, expected.sale_lines);
    }
  }

  /** A group that either side does not know has nothing but zeros. */
  add(
    where: string,
    { gross, refunds, sale_lines, orders, customers }: OracleGroup = NOTHING,
    found: Numbers = {},
    approximate: Numbers,
  ): void {
    const number = (name: string) => found[name] ?? 0;
    this.#compare(where, 'gross', tenThousandthsOf(number('gross')), decimal(gross));
    this.#compare(where, 'refunds', tenThousandthsOf(number('refunds')), decimal(refunds));
    this.#compare(where, 'revenue', tenThousandthsOf(number('revenue')), decimal(gross) - decimal(refunds));
    this.#compare(where, 'line_items', number('line_items'), sale_lines);
    this.#compareDistinct(where, 'orders', number('orders'), orders, approximate);
    this.#compareDistinct(where, 'customers', number('customers'), customers, approximate);
    if (approximate['orders'] !== undefined || orders === 0) return;
    // Rounded half up to ten-thousandths.
    const average = (2n * decimal(gross) + BigInt(orders)) / (2n * BigInt(orders));
    this.#compare(where, 'average_order_value', tenThousandthsOf(number('average_order_value')), average);
  }

  #compareDistinct(where: string, name: string, found: number, expected: number, approximate: Numbers) {
    const bound = approximate[name];
    if (bound === undefined) this.#compare(where, name, found, expected);
    else if (Math.abs(found - expected) > (bound ?? 0) * expected) {
      this.wrong.push(`${where}: found ${found} ${name}, expected ${expected} within ${bound}`);
    }
  }

  #compare(where: string, name: string, found: bigint | number, expected: bigint | number): void {
    if (found !== expected) this.wrong.push(`${where}: found ${name} ${found}, expected ${expected}`);
  }
}

const NOTHING: OracleGroup = { gross: '0', refunds: '0', sale_lines: 0, orders: 0, customers: 0 };

function totalOf(oracle: OracleFile): OracleGroup {
  const { gross_revenue, refunds, orders, lines_by_kind, distinct_customers_in_events } = oracle;
  return {
    gross: gross_revenue,
    refunds,
    orders,
    sale_lines: lines_by_kind.sale,
    customers: distinct_customers_in_events,
  };
}

function rangeOfMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  const next = new Date(Date.UTC(year, number)).toISOString().slice(0, 10);
  return `from=${month}-01&to=${next}`;
}

/** "12.345" → 123450. */
function decimal(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(4, '0')}`);
}
