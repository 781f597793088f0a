import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FIXTURES = new URL('../../../fixtures/', import.meta.url);
/** The published sets, beside the checkout; tests on them run where they are. */
const REAL_DATA = new URL('../../../../../shared/data/', import.meta.url);

export function fixture(name: string): string {
  return fileURLToPath(new URL(name, FIXTURES));
}

/** Path of a file of the published sets; undefined where they are not at hand. */
export function realFile(name: string): string | undefined {
  const path = fileURLToPath(new URL(name, REAL_DATA));
  return existsSync(path) ? path : undefined;
}

/** Sales with their right answers: the project's own always, the published set where it is there. */
export const SALES_SETS = [
  {
    name: 'an invented shop',
    file: fixture('online-retail.csv'),
    categories: fixture('online-retail-categories.csv'),
    oracle: fixture('online-retail.oracle.json'),
  },
  {
    name: 'the published Online Retail set',
    file: realFile('online-retail/online-retail.csv.gz'),
    categories: realFile('online-retail/stockcode_category.csv'),
    oracle: realFile('online-retail/oracle.json'),
  },
];
