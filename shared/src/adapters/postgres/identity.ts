import { randomBytes } from 'node:crypto';
import { TandemError } from '../../errors.js';
import type { Database } from './database.js';

const MADE_SQL = `INSERT INTO tandem.identity (id) VALUES ($1) ON CONFLICT (is_only) DO NOTHING`;
const READ_SQL = 'SELECT id FROM tandem.identity';
/** The first to come decides which log it is; whoever comes later reads what was decided. */
const BIND_SQL = `UPDATE tandem.identity SET log = coalesce(log, $1) RETURNING log`;

/** Eight hexadecimal digits that tell this database from any other: for the names of what belongs to it elsewhere. */
export async function identityOfDatabase(database: Database): Promise<string> {
  await database.query(MADE_SQL, [randomBytes(4).toString('hex')]);
  const { rows } = await database.query<{ id: string }>(READ_SQL);
  return rows[0]?.id ?? '';
}

/**
 * Notes which log the offsets in this database are of. Throws `configuration-invalid` when it is another than before:
 * archive positions and boundaries would be offsets into the wrong log.
 */
export async function bindLog(database: Database, log: string): Promise<void> {
  await identityOfDatabase(database);
  const { rows } = await database.query<{ log: string }>(BIND_SQL, [log]);
  const bound = rows[0]?.log;
  if (bound === log) return;
  throw new TandemError(
    'configuration-invalid',
    `KAFKA_BROKERS, KAFKA_TOPIC: found the log ${log}, but this database belongs to the log ${bound}; set them to that one, or POSTGRES_URL to an empty database`,
    { facts: { found: log, bound } },
  );
}
