import { codeOf, type Transaction } from '../database.js';

/** Time that statements may take together, and longest wait for one lock. In milliseconds. */
export type Budget = { readonly totalMs: number; readonly lockMs: number };

/**
 * Of a publication or a rollback. Less than the second after which Postgres looks for deadlocks: a reader who waits for
 * us is never the one to fail.
 */
export const VIEW_BUDGET: Budget = { totalMs: 900, lockMs: 900 };

/** Of the tries in between, while which new readers queue behind ours. */
export const RETRY_BUDGET: Budget = { totalMs: 900, lockMs: 50 };

/** Runs one statement within what is left of the budget. */
export type Run = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

const SETTINGS_SQL = `
  SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
    set_config('search_path', 'pg_catalog, pg_temp', true)`;
const SAVED_SQL = `
  SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement,
    current_setting('search_path') AS path`;
const RESTORE_SQL = `
  SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true), set_config('search_path', $3, true)`;

/** SQLSTATE: lock not available, query cancelled, deadlock: another attempt comes later and may do. */
const BUSY = ['55P03', '57014', '40P01'];

/** The clock of one budget: it runs from its making, over several attempts. */
export class Clock {
  readonly #budget: Budget;
  readonly #endsAt: number;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#endsAt = performance.now() + budget.totalMs;
  }

  /** At least 1: Postgres takes 0 for no limit. */
  limits(): readonly [lock: string, statement: string] {
    const left = Math.max(1, Math.floor(this.#endsAt - performance.now()));
    return [String(Math.min(left, this.#budget.lockMs)), String(left)];
  }
}

/**
 * Runs `work` in a savepoint, and returns the error instead of throwing it: the transaction goes on as if it had never
 * begun. Names in its statements are looked up in `pg_catalog` alone, whatever `search_path` the role has. Throws when
 * the connection broke.
 */
export async function attempt(
  transaction: Transaction,
  clock: Clock,
  work: (run: Run) => Promise<void>,
): Promise<Error | undefined> {
  await transaction.query('SAVEPOINT attempt');
  const { rows } = await transaction.query<{ lock: string; statement: string; path: string }>(SAVED_SQL);
  const [saved] = rows;
  try {
    await work(async (text, values = []) => {
      await transaction.query(SETTINGS_SQL, [...clock.limits()]);
      return (await transaction.query(text, [...values])).rows;
    });
    await transaction.query(RESTORE_SQL, [saved?.lock, saved?.statement, saved?.path]);
    await transaction.query('RELEASE SAVEPOINT attempt');
    return undefined;
  } catch (error) {
    await transaction.query('ROLLBACK TO SAVEPOINT attempt');
    await transaction.query('RELEASE SAVEPOINT attempt');
    return error as Error;
  }
}

/** True when somebody held a lock for too long. */
export function isBusy(error: Error): boolean {
  return BUSY.includes(codeOf(error));
}

/** The objects that Postgres names when it refuses to drop what they depend on: "view a depends on view b". */
export function dependentsNamedBy(error: Error): readonly string[] | undefined {
  if (codeOf(error) !== '2BP01') return undefined;
  const lines = String((error as { detail?: unknown }).detail ?? '').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}
