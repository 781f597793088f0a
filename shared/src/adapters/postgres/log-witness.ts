import { randomBytes } from 'node:crypto';
import { barrierMarks, type LogMark } from '../../log-mark.js';
import type { EventLog } from '../../ports/event-log.js';
import { type Database, databaseError, inTransaction } from './database.js';
import { toSafeInteger } from './safe-integer.js';

/** Of the newest published run; run 0 stands for the first opening. Runs of older versions have no name here. */
const NEWEST_SQL = `
  SELECT r.id, r.boundary, w.name, w.offsets
  FROM tandem.batch_run r LEFT JOIN tandem.log_witness w ON w.run_id = r.id
  WHERE r.state = 'published' ORDER BY r.id DESC LIMIT 1`;
const LOCK_SQL = 'SELECT FROM tandem.identity FOR UPDATE';
export const ADD_WITNESS_SQL = `
  INSERT INTO tandem.log_witness (run_id, name, offsets) VALUES ($1, $2, $3)
  ON CONFLICT (run_id) DO UPDATE SET name = excluded.name, offsets = excluded.offsets`;

type WitnessRow = {
  readonly id: string;
  readonly boundary: readonly string[];
  readonly name: string | null;
  readonly offsets: readonly string[] | null;
};

/** The barriers that the log must hold: those of the newest published run. None before there are any. */
export async function newestMarks(database: Database): Promise<readonly LogMark[]> {
  try {
    return marksOf((await database.query<WitnessRow>(NEWEST_SQL)).rows[0]);
  } catch (error) {
    throw databaseError(error);
  }
}

/** $1: the first offset per partition that the log still has. */
const BEGIN_SQL = [
  'UPDATE tandem.batch_run SET boundary = $1 WHERE id = 0',
  `UPDATE tandem.archive_position SET next_offset = greatest(next_offset, ($1::bigint[])[partition + 1])`,
];

/**
 * Appends the barriers by which the log is known before the first run, once, whoever opens it first. What retention had
 * taken by then is no part of it: the log begins, with run 0, at what was left.
 */
export async function drawFirstMarks(database: Database, log: EventLog): Promise<void> {
  await inTransaction(database, async (transaction) => {
    await transaction.query(LOCK_SQL);
    const { rows } = await transaction.query<WitnessRow>(NEWEST_SQL);
    if (marksOf(rows[0]).length > 0) return;
    const name = `log.${randomBytes(8).toString('hex')}`;
    const starts = await log.startOffsets();
    for (const statement of BEGIN_SQL) await transaction.query(statement, [starts]);
    await transaction.query(ADD_WITNESS_SQL, [0, name, await log.appendBarriers(name)]);
  });
}

function marksOf(row: WitnessRow | undefined): readonly LogMark[] {
  if (!row) return [];
  const { id, boundary, name, offsets } = row;
  if (name !== null && offsets !== null) return barrierMarks(name, offsets.map(toSafeInteger));
  return id === '0' ? [] : barrierMarks(`run-${id}`, boundary.map(toSafeInteger));
}
