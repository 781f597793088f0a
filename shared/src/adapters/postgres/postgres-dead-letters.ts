import { type DeadLetter, type DeadLetters, type ListedLetter, MAX_LISTED_BYTES } from '../../ports/dead-letters.js';
import { type Database, databaseError } from './database.js';
import { toSafeInteger } from './safe-integer.js';

/** Statements stay small: at most so many letters in one. */
const MAX_LETTERS_PER_STATEMENT = 1_000;

const PUT_SQL = `
  INSERT INTO tandem.dead_letter (partition, "offset", value, path, reason)
  SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::text[], $5::text[])
  ON CONFLICT (partition, "offset") DO NOTHING`;
const LIST_SQL = `
  SELECT partition, "offset", substring(value FOR $2) AS value, coalesce(length(value), 0) AS size, path, reason
  FROM tandem.dead_letter
  ORDER BY found_at DESC, partition DESC, "offset" DESC LIMIT $1`;
const COUNT_SQL = 'SELECT count(*) AS total FROM tandem.dead_letter';

type DeadLetterRow = Omit<ListedLetter, 'offset'> & { readonly offset: string };

/** Dead letters in a table: one row per position in the log, whoever finds it first. */
export class PostgresDeadLetters implements DeadLetters {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async put(letters: readonly DeadLetter[]): Promise<void> {
    for (let at = 0; at < letters.length; at += MAX_LETTERS_PER_STATEMENT) {
      await this.#insert(letters.slice(at, at + MAX_LETTERS_PER_STATEMENT));
    }
  }

  async list(limit: number): Promise<{ readonly total: number; readonly letters: readonly ListedLetter[] }> {
    try {
      const { rows: counts } = await this.#database.query<{ total: string }>(COUNT_SQL);
      const { rows } = await this.#database.query<DeadLetterRow>(LIST_SQL, [limit, MAX_LISTED_BYTES]);
      const letters = rows.map((row) => ({ ...row, offset: toSafeInteger(row.offset) }));
      return { total: toSafeInteger(counts[0]?.total ?? '0'), letters };
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** The connections are whoever opened them's to close. */
  async close(): Promise<void> {}

  async #insert(letters: readonly DeadLetter[]): Promise<void> {
    const columns = [
      letters.map(({ partition }) => partition),
      letters.map(({ offset }) => offset),
      letters.map(({ value }) => value),
      letters.map(({ path }) => storable(path)),
      letters.map(({ reason }) => storable(reason)),
    ];
    try {
      await this.#database.query(PUT_SQL, columns);
    } catch (error) {
      throw databaseError(error);
    }
  }
}

/** Postgres' text cannot hold NUL, and a path or reason may quote a hostile key. */
function storable(text: string): string {
  return text.replaceAll('\0', '\\u0000');
}
