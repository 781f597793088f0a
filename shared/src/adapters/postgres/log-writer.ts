import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { TandemError } from '../../errors.js';
import type { Offsets } from '../../offsets.js';
import type { AppendCall } from '../append-queue.js';
import { APPEND_COLUMNS, encodeRows, type LogRow } from './copy-encoding.js';
import { type Database, inTransaction, type Transaction } from './database.js';
import { APPENDED_CHANNEL, encodeHeads } from './log-heads.js';

/** In partition order, always: two writers cannot wait for each other. */
const LOCK_HEADS_SQL = `
  SELECT partition, next_offset FROM tandem.log_head WHERE partition = ANY ($1::smallint[]) ORDER BY partition FOR UPDATE`;
const COPY_SQL = `COPY tandem.log_record (${APPEND_COLUMNS}) FROM STDIN (FORMAT binary)`;
const ADVANCE_HEADS_SQL = `
  WITH advanced AS (
    UPDATE tandem.log_head h SET next_offset = a.next_offset
    FROM unnest($1::smallint[], $2::bigint[]) AS a (partition, next_offset) WHERE h.partition = a.partition
  )
  SELECT pg_notify($3, $4)`;

/**
 * Appends a group in one transaction: lock the heads of the partitions concerned, take the next offsets from them,
 * copy the rows in, move the heads, commit. So offsets have no gaps and become visible in order.
 * Returns each call's first offset per partition (0 where it has no rows).
 */
export async function appendGroup(
  database: Database,
  partitions: number,
  calls: readonly AppendCall[],
): Promise<readonly Offsets[]> {
  const concerned = Array.from({ length: partitions }, (_, partition) => partition).filter((partition) =>
    calls.some(({ rowsByPartition }) => (rowsByPartition[partition]?.length ?? 0) > 0),
  );
  return await inTransaction(database, async (transaction) => {
    const heads = await lockHeads(transaction, concerned);
    const firstOffsets = calls.map(() => new Array<number>(partitions).fill(0));
    await copyIn(transaction, assignOffsets(calls, heads, firstOffsets));
    await advanceHeads(transaction, heads);
    return firstOffsets;
  });
}

type Heads = Map<number, number>;

async function lockHeads(transaction: Transaction, concerned: readonly number[]): Promise<Heads> {
  const { rows } = await transaction.query<{ partition: number; next_offset: string }>({
    name: 'lock-heads',
    text: LOCK_HEADS_SQL,
    values: [concerned],
  });
  if (rows.length !== concerned.length) {
    throw new TandemError(
      'configuration-invalid',
      `found partitions ${concerned.join(', ')} to append to; the log in this database has only ${rows.map(({ partition }) => partition).join(', ')} of them`,
    );
  }
  return new Map(rows.map(({ partition, next_offset }) => [partition, Number(next_offset)]));
}

/** Partition by partition, within one call by call. Moves `heads` on, and notes where each call begins. */
function* assignOffsets(calls: readonly AppendCall[], heads: Heads, firstOffsets: number[][]): Generator<LogRow> {
  for (const partition of heads.keys()) {
    let offset = heads.get(partition) ?? 0;
    for (const [index, { rowsByPartition }] of calls.entries()) {
      const rows = rowsByPartition[partition] ?? [];
      if (rows.length > 0) (firstOffsets[index] as number[])[partition] = offset;
      for (const { key, value, barrier } of rows) yield { partition, offset: offset++, key, value, barrier };
    }
    heads.set(partition, offset);
  }
}

async function copyIn(transaction: Transaction, rows: Iterable<LogRow>): Promise<void> {
  await pipeline(Readable.from(encodeRows(rows)), transaction.query(copyFrom(COPY_SQL)));
}

async function advanceHeads(transaction: Transaction, heads: Heads): Promise<void> {
  await transaction.query({
    name: 'advance-heads',
    text: ADVANCE_HEADS_SQL,
    values: [[...heads.keys()], [...heads.values()], APPENDED_CHANNEL, encodeHeads(heads)],
  });
}
