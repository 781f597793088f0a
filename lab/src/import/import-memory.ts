import { hash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { askService } from './ask-service.js';
import type { Row } from './row.js';

/** An import as it is remembered: the first rows of its file, by the columns that its mapping read, and their ids. */
type Remembered = {
  /** Which Tandem it was made into. */
  readonly service: string;
  readonly at: string;
  readonly columns: readonly string[];
  /** Event ids by the hash of a row's cells; rows that are equal have several. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
};

const FILE = 'imports.jsonl';
const MAX_IMPORTS = 200;
const MAX_ROWS = 50;
const HASH_DIGITS = 16;

/**
 * Remembers on this machine how the first rows of each imported file became events, by the Tandem that they went to.
 * Tells when a file's first rows were imported before and had other ids, which is when the mapping was changed.
 */
export class ImportMemory {
  readonly #file: string;
  readonly #service: string;
  readonly #known: readonly Remembered[];
  readonly #header: readonly string[];
  readonly #columns: readonly string[];
  readonly #rows: { readonly row: Row; readonly id: string }[] = [];

  private constructor(file: string, service: string, known: readonly Remembered[], table: TableNames) {
    this.#file = file;
    this.#service = service;
    this.#known = known;
    this.#header = table.header.map((name) => name.trim());
    this.#columns = [...new Set(table.columns.map((name) => name.trim()))];
  }

  static async open(folder: string, url: URL, table: TableNames): Promise<ImportMemory> {
    const file = join(folder, FILE);
    return new ImportMemory(file, await serviceAt(url), await readRemembered(file), table);
  }

  /** Notes a row that became an event. True when it was the last that is wanted: then it can be asked what is wrong. */
  add(row: Row, id: string): boolean {
    if (this.#rows.length >= MAX_ROWS) return false;
    this.#rows.push({ row, id });
    return this.#rows.length === MAX_ROWS;
  }

  /** What a user should know before these rows are sent; undefined when there is nothing. */
  warning(): string | undefined {
    const earlier = this.#known
      .filter(({ service }) => service === this.#service)
      .map(({ at, columns, rows }) => ({ at, changed: this.#changedSince(columns, rows) }));
    // Imported with this mapping also: then what there is to warn of has happened, and was said.
    if (earlier.some(({ changed }) => changed === 0)) return undefined;
    const [found] = earlier.toSorted((a, b) => (b.changed ?? 0) - (a.changed ?? 0));
    if (found?.changed === undefined) return undefined;
    return (
      `${found.changed} of the first ${this.#rows.length} rows were imported at ${found.at} with another mapping, ` +
      'which made other events of them: now they count twice. Nothing takes events back; an "event_id" column keeps ids when a mapping is changed'
    );
  }

  /** To be called when the events are in. What cannot be written is not remembered. */
  async save(): Promise<void> {
    if (this.#rows.length === 0) return;
    const rows: Record<string, string[]> = {};
    for (const { row, id } of this.#rows) {
      const key = this.#hashOf(row, this.#columns) ?? '';
      rows[key] = [...(rows[key] ?? []), id];
    }
    const remembered: Remembered = {
      service: this.#service,
      at: new Date().toISOString(),
      columns: this.#columns,
      rows,
    };
    const lines = [...this.#known, remembered].slice(-MAX_IMPORTS).map((one) => `${JSON.stringify(one)}\n`);
    await mkdir(dirname(this.#file), { recursive: true })
      .then(() => writeFile(`${this.#file}.unfinished`, lines.join('')))
      .then(() => rename(`${this.#file}.unfinished`, this.#file))
      .catch(() => {});
  }

  /** How many of the rows have other ids now; undefined when none of them was in that import. */
  #changedSince(columns: readonly string[], rows: Remembered['rows']): number | undefined {
    const met = this.#rows.flatMap(({ row, id }) => {
      const key = this.#hashOf(row, columns);
      const ids = key !== undefined && Object.hasOwn(rows, key) ? rows[key] : undefined;
      return ids === undefined ? [] : [ids.includes(id)];
    });
    return met.length === 0 ? undefined : met.filter((isSame) => !isSame).length;
  }

  /** Undefined where the file has not all of the columns. */
  #hashOf({ cells }: Row, columns: readonly string[]): string | undefined {
    const indexes = columns.map((name) => this.#header.indexOf(name));
    if (indexes.includes(-1)) return undefined;
    return hash('sha256', JSON.stringify(indexes.map((index) => cells[index] ?? '')), 'hex').slice(0, HASH_DIGITS);
  }
}

export type TableNames = { readonly header: readonly string[]; readonly columns: readonly string[] };

/** When its empty view was made, which no two have in common: its address may be that of another one tomorrow. */
async function serviceAt(url: URL): Promise<string> {
  try {
    const { requested_at } = (await askService(url, 'batch/runs/0')) as { requested_at?: string };
    return requested_at ?? url.href;
  } catch {
    return url.href;
  }
}

async function readRemembered(file: string): Promise<readonly Remembered[]> {
  try {
    if ((await stat(file)).size > MAX_IMPORTS * MAX_ROWS * 200) return [];
    const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as Remembered).filter(isRemembered);
  } catch {
    // None yet, or not ours: an import does not fail for it.
    return [];
  }
}

function isRemembered({ service, at, columns, rows }: Partial<Remembered>): boolean {
  return [service, at].every((text) => typeof text === 'string') && Array.isArray(columns) && Object(rows) === rows;
}
