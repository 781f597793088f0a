import { decodeEvent, identityOf, type Offsets } from '@tandem/shared';
import type { PositionedValue } from '@tandem/shared/testing/oracle';
import pg from 'pg';
import { databaseUrlOf } from './tandem-process.js';

/** The data folder of a running lab with an embedded log, or whatever reads another log. */
export type LogSource = string | (() => Promise<readonly PositionedValue[]>);

export function readLogOf(source: LogSource): Promise<readonly PositionedValue[]> {
  return typeof source === 'string' ? readWholeLog(source) : source();
}

/** Every record of the log of a running lab, read straight from its table: what the layers' answers are judged by. */
export async function readWholeLog(dataFolder: string): Promise<readonly PositionedValue[]> {
  return withDatabase(dataFolder, async (client) => {
    const { rows } = await client.query<Omit<PositionedValue, 'offset'> & { offset: string }>(
      'SELECT partition, "offset", value, barrier FROM tandem.log_record ORDER BY partition, "offset"',
    );
    return rows.map((row) => ({ ...row, offset: Number(row.offset) }));
  });
}

/** Runs `work` with a connection to the database of a running lab. */
export async function withDatabase<Result>(
  dataFolder: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  return withDatabaseAt(await databaseUrlOf(dataFolder), work);
}

/** Runs `work` with a connection of its own. */
export async function withDatabaseAt<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The records of a log that lie below a boundary (exclusive). */
export function below(records: readonly PositionedValue[], boundary: Offsets): readonly PositionedValue[] {
  return records.filter(({ partition, offset }) => offset < (boundary[partition] ?? 0));
}

/** Where offsets do not count 0, 1, 2, … in each partition: none in a sound log. */
export function gapsIn(records: readonly PositionedValue[]): readonly string[] {
  const next = new Map<number, number>();
  return records.flatMap(({ partition, offset }) => {
    const expected = next.get(partition) ?? 0;
    next.set(partition, offset + 1);
    return offset === expected ? [] : [`partition ${partition}: found offset ${offset} instead of ${expected}`];
  });
}

/** The bytes of each event in a log as text, by identity; only the first copy. Records that are no events are left out. */
export function textsByIdentity(records: readonly PositionedValue[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const { value } of records) {
    const decoded = decodeEvent(value);
    if (!('event' in decoded) || value === null) continue;
    const identity = identityOf(decoded.event);
    if (!texts.has(identity)) texts.set(identity, Buffer.from(value).toString());
  }
  return texts;
}
