import { once } from 'node:events';
import { pipeline, type Readable } from 'node:stream';
import { messageOf, TandemError } from '@tandem/shared';
import { type CsvError, Parser } from 'csv-parse';
import { DecodeText } from './decode-text.js';
import type { FilePart } from './opened.js';
import type { Row } from './row.js';

export type TableOptions = {
  readonly delimiter?: string | undefined;
  /** A name of `ENCODINGS`; without it the byte order mark says it, or it is UTF-8. */
  readonly encoding?: string | undefined;
};

/** A quote that is never closed makes one row of the rest of the file: this bounds it. */
const MAX_ROW_CHARACTERS = 1_000_000;
/** Any of them ends a row, in one file also: files are joined, and edited by programs of several systems. */
const LINE_ENDS = ['\r\n', '\n', '\r'];
/** What Excel writes before the header to say its delimiter. */
const SEP_LINE = /^sep=(.)(\r\n|\n|\r|$)/i;

/** One file of a table: the file itself, or one of a zip. */
export type PartTable = {
  readonly header: readonly string[];
  readonly delimiter: string;
  /** The next row; undefined at the end. */
  next(): Promise<Row | undefined>;
  close(): void;
};

/** Reads the header of a file, whose rows are to follow. Throws `corrupt` when there is none. */
export async function openPart(part: FilePart, options: TableOptions): Promise<PartTable> {
  const reader = await startParser(part, options);
  const next = rowReader(part, reader);
  const close = () => reader.parser.destroy();
  try {
    const first = await next();
    if (first === undefined) {
      const place = part.name === undefined ? '' : `${part.name}: `;
      throw new TandemError(
        'corrupt',
        `${place}found an empty file; allowed is a CSV whose first row names its columns`,
      );
    }
    const names = first.cells.map((name) => name.trim());
    const header = names.slice(0, names.findLastIndex((name) => name !== '') + 1);
    return { header, delimiter: reader.delimiter, next, close };
  } catch (error) {
    close();
    throw error;
  }
}

type PartReader = { readonly parser: RowParser; readonly delimiter: string; readonly linesBefore: number };

async function startParser(part: FilePart, options: TableOptions): Promise<PartReader> {
  const bytes = await part.open();
  const text = pipeline(bytes, new DecodeText(options.encoding), () => {});
  const sep = SEP_LINE.exec(await takeSepLine(text, part));
  const delimiter = sep?.[1] ?? options.delimiter ?? ',';
  const parser = new RowParser({
    delimiter,
    record_delimiter: LINE_ENDS,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
  });
  // An error of the file destroys the parser with it, so that it is thrown where rows are awaited.
  pipeline(text, parser, () => {});
  return { parser, delimiter, linesBefore: sep ? 1 : 0 };
}

/** Takes the first line from a text where it is Excel's `sep=`, and nothing otherwise. */
async function takeSepLine(text: Readable, part: FilePart): Promise<string> {
  await Promise.race([once(text, 'readable'), once(text, 'end')]).catch((error) => {
    throw cannotRead(error, part, 1);
  });
  const first: Buffer | null = text.read();
  if (first === null) return '';
  const line = SEP_LINE.exec(first.subarray(0, 16).toString())?.[0] ?? '';
  const rest = first.subarray(Buffer.byteLength(line));
  if (rest.length > 0) text.unshift(rest);
  return line;
}

type Numbered = { readonly line: number; readonly cells: readonly string[] };

/** Gives each row with the line it begins in. The parser counts a CRLF within quotes as two: this is taken back here. */
class RowParser extends Parser {
  #countedTwice = 0;
  /** The line after the last whole row, also where that row was not yet asked for. */
  nextLine = 1;

  // The library's own way, a callback with what it knows of each record, doubles the time that reading takes.
  override push(cells: readonly string[] | null): boolean {
    if (cells === null) return super.push(null);
    let within = 0;
    for (const cell of cells) {
      if (!cell.includes('\n') && !cell.includes('\r')) continue;
      within += cell.match(/\r\n|\n|\r/g)?.length ?? 0;
      this.#countedTwice += cell.match(/\r\n/g)?.length ?? 0;
    }
    const numbered: Numbered = { line: this.info.lines - this.#countedTwice - within, cells };
    this.nextLine = this.info.lines - this.#countedTwice + 1;
    return super.push(numbered);
  }
}

/** Reads a part row by row, the header first. Rows without any text are no rows. */
function rowReader(part: FilePart, { parser, linesBefore }: PartReader): () => Promise<Row | undefined> {
  const records = parser[Symbol.asyncIterator]() as unknown as AsyncIterator<Numbered>;
  return async () => {
    try {
      for (;;) {
        const { value, done } = await records.next();
        if (done) return undefined;
        const number = value.line + linesBefore;
        const { cells }: Numbered = value;
        if (cells.every((cell) => cell.trim() === '')) continue;
        return part.name === undefined ? { number, cells } : { number, cells, entry: part.name };
      }
    } catch (error) {
      throw cannotRead(error, part, parser.nextLine + linesBefore);
    }
  };
}

function cannotRead(error: unknown, { name }: FilePart, line: number): TandemError {
  const place = name === undefined ? '' : `${name}, `;
  // What was said in full on the way needs no second sentence.
  const cause = error instanceof TandemError ? error : undefined;
  if (cause) return name === undefined ? cause : new TandemError(cause.code, `${place}${cause.message}`, { cause });
  const reason = reasons[(error as CsvError).code] ?? messageOf(error);
  return new TandemError('corrupt', `${place}row ${line}: the file cannot be read on: ${reason}`, { cause: error });
}

const MAX_ROW = `${MAX_ROW_CHARACTERS.toLocaleString('en')} characters`;
const reasons: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED:
    'found a quote in it that is not closed; allowed is a second one, or "" for a quote within quotes',
  CSV_MAX_RECORD_SIZE: `found a row longer than ${MAX_ROW}; allowed are ${MAX_ROW}: is a quote in it not closed?`,
  Z_BUF_ERROR: 'found the end of packed data too early; allowed is a whole file: get it again',
  Z_DATA_ERROR: 'found packed data that is damaged; allowed is a whole file: get it again',
};
