import { findColumns } from './columns.js';
import type { Categories } from './online-retail.js';
import { openFile } from './open-file.js';
import { readTable } from './read-table.js';

const COLUMNS = { stockCode: ['StockCode'], category: ['Category'] } as const;

/** Reads a CSV with the columns StockCode and Category: some thousand rows, held in memory. */
export async function readCategories(path: string): Promise<Categories> {
  const { header, batches } = await readTable(await openFile(path));
  const columns = findColumns(header, COLUMNS);
  const categories = new Map<string, string>();
  for await (const batch of batches) {
    for (const { cells } of batch) {
      const [code = '', category = ''] = [cells[columns.stockCode], cells[columns.category]];
      if (category !== '') categories.set(code.toUpperCase(), category);
    }
  }
  return categories;
}
